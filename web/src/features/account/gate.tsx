/** The frame of the screens before one is signed in. */
import type { ReactNode } from "react";

export function Gate({ title, lead, children }: { title: string; lead?: ReactNode; children: ReactNode }) {
  return (
    <main className="grid min-h-full place-items-center px-4 py-12">
      <div className="w-full max-w-sm">
        <p className="mb-8 flex items-center gap-2 font-semibold">
          <img src="/icon.svg" alt="" className="size-6" />
          Atelier
        </p>
        <h1 className="text-2xl font-semibold">{title}</h1>
        {lead && <p className="mt-1 text-sm text-ink-2">{lead}</p>}
        <div className="mt-6">{children}</div>
      </div>
    </main>
  );
}

/** The one-time token behind `#`, taken out of the address so that it does not stay in the history. */
export function takeToken(): string | null {
  const token = new URLSearchParams(window.location.hash.slice(1)).get("token");
  if (token !== null) window.history.replaceState(window.history.state, "", window.location.pathname);
  return token;
}
