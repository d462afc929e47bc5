/** Who is in the project and in which role, and inviting more. */
import { useInfiniteQuery, useMutation } from "@tanstack/react-query";
import type { FormEvent } from "react";
import { api } from "@/shared/api";
import { client } from "@/shared/client";
import { useMay, useProjectId } from "@/shared/place";
import { fieldProblem } from "@/shared/problem";
import { invitationsQuery, keys, membersQuery } from "@/shared/queries";
import { useSession } from "@/shared/session";
import { exact } from "@/shared/time";
import { toastError } from "@/shared/toasts";
import { Button } from "@/shared/ui/button";
import { Choice, inputClass, TextField } from "@/shared/ui/field";
import { Badge, Failure, Skeleton } from "@/shared/ui/parts";
import type { Role, Schemas } from "@/shared/wire";
import { ShownOnce } from "./secret";
import { Block } from "./sections";

const ROLES: { role: Role; name: string }[] = [
  { role: "viewer", name: "Viewer: looks and asks" },
  { role: "editor", name: "Editor: also changes" },
  { role: "owner", name: "Owner: also decides who is in" },
];

export function People() {
  const project = useProjectId();
  const owner = useMay("owner");
  const me = useSession((session) => session.user?.id);
  const members = useInfiniteQuery(membersQuery(project));
  const again = () => void client.invalidateQueries({ queryKey: keys.people(project) });
  const change = useMutation({
    mutationFn: ({ id, role }: { id: string; role: Role }) => api.patch(`/projects/${project}/members/${id}`, { role }),
    onError: (error) => toastError("The role is as it was", error),
    onSettled: again,
  });
  const remove = useMutation({
    mutationFn: (id: string) => api.delete(`/projects/${project}/members/${id}`),
    onError: (error) => toastError("Nobody was removed", error),
    onSettled: again,
  });
  return (
    <>
      <Block title="People">
        {/* As high as one person, so that what is below stays in its place. */}
        {members.isPending && <Skeleton lines={1} className="h-14 justify-center" />}
        {members.error && <Failure error={members.error} onRetry={() => void members.refetch()} />}
        <ul className="divide-y divide-line">
          {members.data?.pages
            .flatMap((page) => page.docs)
            .map((member) => (
              <li key={member.id} className="flex items-center gap-3 py-2.5 text-sm">
                <span className="min-w-0 grow">
                  <span className="font-medium">{member.name}</span>{" "}
                  {member.id === me && <span className="text-ink-3">(you)</span>}
                  <span className="block truncate text-xs text-ink-3">{member.email}</span>
                </span>
                {owner ? (
                  <>
                    <select
                      aria-label={`Role of ${member.name}`}
                      value={member.role}
                      onChange={(event) => change.mutate({ id: member.id, role: event.target.value as Role })}
                      className={`${inputClass} h-8`}
                    >
                      {ROLES.map(({ role }) => (
                        <option key={role}>{role}</option>
                      ))}
                    </select>
                    <Button look="danger" disabled={member.id === me} onClick={() => remove.mutate(member.id)}>
                      Remove
                    </Button>
                  </>
                ) : (
                  <Badge>{member.role}</Badge>
                )}
              </li>
            ))}
        </ul>
      </Block>
      {owner && <Invitations project={project} />}
    </>
  );
}

function Invitations({ project }: { project: string }) {
  const list = useInfiniteQuery(invitationsQuery(project));
  const again = () => void client.invalidateQueries({ queryKey: keys.people(project) });
  const invite = useMutation({
    mutationFn: (body: Schemas["CreateInvitation"]) =>
      api.post<Schemas["CreatedInvitation"]>(`/projects/${project}/invitations`, body),
    onSuccess: again,
  });
  const withdraw = useMutation({
    mutationFn: (id: string) => api.delete(`/projects/${project}/invitations/${id}`),
    onError: (error) => toastError("The invitation still stands", error),
    onSettled: again,
  });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    const data = new FormData(form);
    invite.mutate(
      { email: String(data.get("email")).trim(), role: String(data.get("role")) as Role },
      { onSuccess: () => form.reset() },
    );
  };
  const open = list.data?.pages.flatMap((page) => page.docs) ?? [];
  return (
    <Block title="Invite" lead="You get a link to send; only the person with that e-mail address can use it, once.">
      <form onSubmit={submit} className="grid items-end gap-3 @lg:grid-cols-[1fr_auto_auto]">
        <TextField label="E-mail" name="email" type="email" required error={fieldProblem(invite.error, "email")} />
        <Choice label="Role" name="role" defaultValue="editor">
          {ROLES.map(({ role, name }) => (
            <option key={role} value={role}>
              {name}
            </option>
          ))}
        </Choice>
        <Button look="main" type="submit" className="h-9" busy={invite.isPending}>
          Invite
        </Button>
      </form>
      {invite.error && <Failure error={invite.error} />}
      {invite.data && (
        <ShownOnce label={`The link for ${invite.data.email}, shown this once`} value={invite.data.link} />
      )}
      <ul className="divide-y divide-line">
        {open.map((one) => (
          <li key={one.id} className="flex items-center gap-3 py-2.5 text-sm">
            <span className="min-w-0 grow">
              {one.email}
              <span className="block text-xs text-ink-3">Open until {exact(one.expiresAt)}</span>
            </span>
            <Badge>{one.role}</Badge>
            <Button busy={withdraw.isPending} onClick={() => withdraw.mutate(one.id)}>
              Withdraw
            </Button>
          </li>
        ))}
      </ul>
    </Block>
  );
}
