/** Accepting an invitation: a new person says who they are, one with an account just joins. */
import { useMutation } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { api } from "@/shared/api";
import { client } from "@/shared/client";
import { fieldProblem } from "@/shared/problem";
import { keys } from "@/shared/queries";
import { enter, useSession } from "@/shared/session";
import { Button } from "@/shared/ui/button";
import { TextField } from "@/shared/ui/field";
import { Failure } from "@/shared/ui/parts";
import type { Schemas } from "@/shared/wire";
import { Gate, takeToken } from "./gate";

export function Invite() {
  const [token] = useState(takeToken);
  const user = useSession((session) => session.user);
  const navigate = useNavigate();
  const accept = useMutation({
    mutationFn: (body: Schemas["AcceptInvitation"]) =>
      api.post<Schemas["AcceptedInvitation"]>("/invitations/accept", body),
    onSuccess: ({ projectId, signedIn }) => {
      if (signedIn) enter(signedIn);
      void client.invalidateQueries({ queryKey: keys.projects });
      void navigate({ to: "/projects/$project", params: { project: projectId }, replace: true });
    },
  });
  if (token === null) {
    return (
      <Gate
        title="Invitation"
        lead="This page needs the whole link that you were sent. Copy it again, with everything behind the #."
      >
        <Link to="/projects" className="text-sm text-accent underline underline-offset-2">
          To your projects
        </Link>
      </Gate>
    );
  }
  if (user) {
    return (
      <Gate title="You are invited" lead={`Join the project as ${user.name} (${user.email}).`}>
        {accept.error && <Failure error={accept.error} />}
        <Button look="main" busy={accept.isPending} className="h-9 w-full" onClick={() => accept.mutate({ token })}>
          Join the project
        </Button>
      </Gate>
    );
  }
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    accept.mutate({ token, name: String(form.get("name")).trim(), password: String(form.get("password")) });
  };
  return (
    <Gate
      title="You are invited"
      lead="Say who you are to join. If you have an account here, sign in first and open the link again."
    >
      <form onSubmit={submit} className="flex flex-col gap-4">
        <TextField
          label="Your name"
          name="name"
          required
          maxLength={100}
          autoComplete="name"
          error={fieldProblem(accept.error, "name")}
        />
        <TextField
          label="Password"
          name="password"
          type="password"
          required
          minLength={12}
          autoComplete="new-password"
          help="At least 12 characters."
          error={fieldProblem(accept.error, "password")}
        />
        {accept.error && <Failure error={accept.error} />}
        <Button look="main" type="submit" busy={accept.isPending} className="h-9">
          Join the project
        </Button>
      </form>
    </Gate>
  );
}
