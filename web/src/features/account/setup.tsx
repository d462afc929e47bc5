/** The first run: the person with the console's link becomes the one who administers the server. */
import { useMutation } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { api } from "@/shared/api";
import { fieldProblem } from "@/shared/problem";
import { enter } from "@/shared/session";
import { Button } from "@/shared/ui/button";
import { TextField } from "@/shared/ui/field";
import { Failure } from "@/shared/ui/parts";
import type { Schemas } from "@/shared/wire";
import { Gate, takeToken } from "./gate";

export function Setup() {
  const [token] = useState(takeToken);
  const navigate = useNavigate();
  const setup = useMutation({
    mutationFn: (body: Schemas["SetupRequest"]) => api.post<Schemas["SignedIn"]>("/setup", body),
    onSuccess: (signedIn) => {
      enter(signedIn);
      void navigate({ to: "/projects", replace: true });
    },
  });
  if (token === null) {
    return (
      <Gate
        title="Set up this server"
        lead="Atelier printed a one-time link on its console when it started. Open that link to go on."
      >
        <p className="text-sm text-ink-2">
          Already set up?{" "}
          <Link to="/sign-in" className="text-accent underline underline-offset-2">
            Sign in
          </Link>
        </p>
      </Gate>
    );
  }
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const text = (name: string) => String(form.get(name) ?? "").trim();
    setup.mutate({
      token,
      email: text("email"),
      password: String(form.get("password") ?? ""),
      ...(text("name") !== "" && { name: text("name") }),
    });
  };
  return (
    <Gate title="Welcome" lead="You are the first person here, and will administer this server.">
      <form onSubmit={submit} className="flex flex-col gap-4">
        <TextField
          label="Your name"
          name="name"
          autoComplete="name"
          maxLength={100}
          error={fieldProblem(setup.error, "name")}
        />
        <TextField
          label="E-mail"
          name="email"
          type="email"
          required
          autoComplete="username"
          error={fieldProblem(setup.error, "email")}
        />
        <TextField
          label="Password"
          name="password"
          type="password"
          required
          minLength={12}
          autoComplete="new-password"
          help="At least 12 characters. Nothing leaves this server."
          error={fieldProblem(setup.error, "password")}
        />
        {setup.error && <Failure error={setup.error} />}
        <Button look="main" type="submit" busy={setup.isPending} className="h-9">
          Begin
        </Button>
      </form>
    </Gate>
  );
}
