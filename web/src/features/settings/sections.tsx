/** The frame of both settings screens: sections on the left, one open. */
import { Link, type LinkProps } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { PageHead } from "@/shared/ui/parts";

export interface Section {
  id: string;
  name: string;
  link: LinkProps;
}

export function Sections({
  title,
  sections,
  current,
  children,
}: {
  title: string;
  sections: Section[];
  current: string;
  children: ReactNode;
}) {
  return (
    <>
      <PageHead title={title} />
      <div className="@container p-6">
        <div className="flex flex-col gap-6 @2xl:flex-row">
          <nav aria-label={title} className="flex shrink-0 gap-0.5 overflow-x-auto @2xl:w-44 @2xl:flex-col">
            {sections.map(({ id, name, link }) => (
              <Link
                key={id}
                {...link}
                className="rounded-md px-2.5 py-1.5 text-sm max-sm:px-1.5 whitespace-nowrap text-ink-2 hover:bg-hover hover:text-ink data-[status=active]:bg-pressed data-[status=active]:font-medium data-[status=active]:text-ink"
              >
                {name}
              </Link>
            ))}
          </nav>
          <section
            aria-label={sections.find(({ id }) => id === current)?.name}
            className="@container flex min-w-0 max-w-3xl grow flex-col gap-6"
          >
            {children}
          </section>
        </div>
      </div>
    </>
  );
}

/** A titled block of settings. */
export function Block({ title, lead, children }: { title: string; lead?: ReactNode; children: ReactNode }) {
  return (
    <div className="flex flex-col gap-4">
      <div>
        <h2 className="font-semibold">{title}</h2>
        {lead && <p className="text-sm text-ink-2">{lead}</p>}
      </div>
      {children}
    </div>
  );
}
