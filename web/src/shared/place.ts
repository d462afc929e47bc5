/** Where on the server the person is: the parts of the address that many screens need. */
import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { projectQuery, schemaQuery } from "./queries";
import type { CollectionSchema, Project, Role } from "./wire";

/** The id of the project in the address; only for screens that are in one. */
export function useProjectId(): string {
  const { project } = useParams({ strict: false });
  if (project === undefined) throw new Error("this screen belongs in a project");
  return project;
}

/** The project as far as it is known yet. */
export function useProject(): Project | undefined {
  return useQuery(projectQuery(useProjectId())).data;
}

const RANKS: Record<Role, number> = { viewer: 0, editor: 1, owner: 2 };

/** Whether the person has at least this role here; no, while that is not known. */
export function useMay(role: Role): boolean {
  const project = useProject();
  return project !== undefined && RANKS[project.role] >= RANKS[role];
}

/** The collections of the project. */
export function useSchema(): CollectionSchema[] {
  return useQuery(schemaQuery(useProjectId())).data ?? [];
}
