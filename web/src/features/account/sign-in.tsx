/** Signing in, by password or by another service that the server knows. */
import { useMutation, useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import type { FormEvent } from "react";
import { address, api } from "@/shared/api";
import { fieldProblem } from "@/shared/problem";
import { enter } from "@/shared/session";
import { Button, buttonClass } from "@/shared/ui/button";
import { TextField } from "@/shared/ui/field";
import { Failure } from "@/shared/ui/parts";
import type { Schemas } from "@/shared/wire";
import { Gate } from "./gate";

export function SignIn() {
  const navigate = useNavigate();
  const { next } = useSearch({ strict: false });
  const providers = useQuery({
    queryKey: ["providers"],
    queryFn: () => api.get<Schemas["SignInProvider"][]>("/auth/providers"),
  });
  const login = useMutation({
    mutationFn: (body: Schemas["LoginRequest"]) => api.post<Schemas["SignedIn"]>("/auth/login", body),
    onSuccess: (signedIn) => {
      enter(signedIn);
      // Only a path of this server: an address from elsewhere would make the sign-in a springboard.
      const safe = next !== undefined && /^\/(?![/\\])/.test(next);
      void navigate({ to: safe ? next : "/projects", replace: true });
    },
  });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    login.mutate({ email: String(form.get("email")).trim(), password: String(form.get("password")) });
  };
  return (
    <Gate title="Sign in">
      <form onSubmit={submit} className="flex flex-col gap-4">
        <TextField
          label="E-mail"
          name="email"
          type="email"
          required
          autoComplete="username"
          error={fieldProblem(login.error, "email")}
        />
        <TextField label="Password" name="password" type="password" required autoComplete="current-password" />
        {login.error && <Failure error={login.error} />}
        <Button look="main" type="submit" busy={login.isPending} className="h-9">
          Sign in
        </Button>
      </form>
      {(providers.data ?? []).length > 0 && (
        <div className="mt-6 flex flex-col gap-2 border-t border-line pt-6">
          {providers.data?.map((provider) => (
            <a
              key={provider.id}
              href={address(`/auth/oidc/${provider.id}/start`)}
              className={buttonClass("plain", "h-9")}
            >
              Continue with {provider.label}
            </a>
          ))}
        </div>
      )}
    </Gate>
  );
}
