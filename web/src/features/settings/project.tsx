/** The settings of a project: itself, its people, what its models may take, and what was done in it. */
import { useParams } from "@tanstack/react-router";
import { useMay, useProject, useProjectId } from "@/shared/place";
import { Skeleton } from "@/shared/ui/parts";
import { About } from "./about";
import { Audit } from "./audit";
import { Budgets } from "./budgets";
import { People } from "./people";
import { Sections } from "./sections";
import { Tools } from "./tools";

const NAMES: Record<string, string> = {
  people: "People",
  about: "Project",
  budgets: "Budgets and usage",
  tools: "Tools of others",
  audit: "Audit",
};

export function ProjectSettings() {
  const id = useProjectId();
  const { section = "people" } = useParams({ strict: false });
  const project = useProject();
  const owner = useMay("owner");
  const sections = Object.entries(NAMES)
    .filter(([key]) => key !== "audit" || owner)
    .map(([key, name]) => ({
      id: key,
      name,
      link: { to: "/projects/$project/settings/$section", params: { project: id, section: key } } as const,
    }));
  return (
    <Sections title="Project settings" sections={sections} current={section}>
      {!project ? (
        <Skeleton lines={12} />
      ) : (
        <>
          {section === "people" && <People />}
          {section === "about" && <About project={project} />}
          {section === "budgets" && <Budgets />}
          {section === "tools" && <Tools />}
          {section === "audit" && owner && <Audit />}
        </>
      )}
    </Sections>
  );
}
