/** The page for addresses that lead nowhere. */
import { Link } from "@tanstack/react-router";
import { Empty } from "@/shared/ui/parts";

export function Lost() {
  return (
    <main className="grid min-h-full place-items-center">
      <Empty title="There is nothing at this address">
        <p>It may have been moved or removed, or it was never yours to see.</p>
        <Link to="/projects" className="text-accent underline underline-offset-2">
          To your projects
        </Link>
      </Empty>
    </main>
  );
}
