/** One's own name and password. */
import { useMutation } from "@tanstack/react-query";
import type { FormEvent } from "react";
import { api } from "@/shared/api";
import { fieldProblem } from "@/shared/problem";
import { rename, useSession } from "@/shared/session";
import { toast } from "@/shared/toasts";
import { Button } from "@/shared/ui/button";
import { TextField } from "@/shared/ui/field";
import { Failure } from "@/shared/ui/parts";
import type { Schemas, User } from "@/shared/wire";
import { Block } from "./sections";

function useUpdateMe(done: string) {
  return useMutation({
    mutationFn: (body: Schemas["UpdateMe"]) => api.patch<User>("/auth/me", body),
    onSuccess: (user) => {
      rename(user);
      toast({ level: "success", title: done });
    },
  });
}

export function Account() {
  const user = useSession((session) => session.user);
  const name = useUpdateMe("Your name is changed");
  const password = useUpdateMe("Your password is changed; other sessions have ended");
  const saveName = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    name.mutate({ name: String(new FormData(event.currentTarget).get("name")).trim() });
  };
  const savePassword = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    const data = new FormData(form);
    password.mutate(
      { currentPassword: String(data.get("current")), newPassword: String(data.get("next")) },
      { onSuccess: () => form.reset() },
    );
  };
  return (
    <>
      <Block title="You" lead={user?.email}>
        <form onSubmit={saveName} className="flex items-end gap-2">
          <div className="grow">
            <TextField
              label="Name"
              name="name"
              required
              maxLength={100}
              defaultValue={user?.name}
              error={fieldProblem(name.error, "name")}
            />
          </div>
          <Button type="submit" className="h-9" busy={name.isPending}>
            Save
          </Button>
        </form>
        {name.error && <Failure error={name.error} />}
      </Block>
      <Block title="Password">
        <form onSubmit={savePassword} className="flex flex-col gap-4">
          <input type="email" autoComplete="username" value={user?.email ?? ""} readOnly hidden />
          <TextField
            label="Current password"
            name="current"
            type="password"
            required
            autoComplete="current-password"
            error={fieldProblem(password.error, "currentPassword")}
          />
          <TextField
            label="New password"
            name="next"
            type="password"
            required
            minLength={12}
            autoComplete="new-password"
            help="At least 12 characters. Your other sessions end."
            error={fieldProblem(password.error, "newPassword")}
          />
          {password.error && <Failure error={password.error} />}
          <div>
            <Button type="submit" busy={password.isPending}>
              Change the password
            </Button>
          </div>
        </form>
      </Block>
    </>
  );
}
