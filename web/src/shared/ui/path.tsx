/** A link to a path of this server that came as text, followed without loading the page anew. */
import { useRouter } from "@tanstack/react-router";
import type { MouseEvent, ReactNode } from "react";

export function Path({ to, className, children }: { to: string; className?: string; children: ReactNode }) {
  const router = useRouter();
  // What is no path of ours is shown, not followed.
  if (!/^\/(?![/\\])/.test(to)) return <span>{children}</span>;
  const follow = (event: MouseEvent) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return;
    event.preventDefault();
    router.history.push(to);
  };
  return (
    <a href={to} onClick={follow} className={className}>
      {children}
    </a>
  );
}
