/** Who is signed in: an access token in memory only, renewed by a cookie that scripts cannot read. */
import { create } from "zustand";
import { problemOf, Problem, Unreachable } from "./problem";
import type { Schemas, User } from "./wire";

type SignedIn = Schemas["SignedIn"];

interface Session {
  /** `unknown` until the first answer of the server. */
  state: "unknown" | "out" | "in";
  user: User | null;
  token: string | null;
  /** When the token ends, in milliseconds since 1970. */
  endsAt: number;
}

const OUT: Session = { state: "out", user: null, token: null, endsAt: 0 };

export const useSession = create<Session>(() => ({ ...OUT, state: "unknown" }));

/** Before its end a token counts as ended, so that none ends on its way. */
const MARGIN = 30_000;

/** Keeps what a sign-in gave. */
export function enter(signedIn: SignedIn): void {
  useSession.setState({
    state: "in",
    user: signedIn.user,
    token: signedIn.accessToken,
    endsAt: Date.parse(signedIn.expiresAt),
  });
}

/** Forgets who was signed in, on this page. */
export function leave(): void {
  useSession.setState(OUT);
}

/** Takes over what a change of one's own account answered. */
export function rename(user: User): void {
  useSession.setState({ user });
}

let renewing: Promise<string | null> | null = null;

/** A token that is good for a while; null when nobody is signed in. */
export function token(): Promise<string | null> {
  const { token: current, endsAt } = useSession.getState();
  if (current !== null && Date.now() < endsAt - MARGIN) return Promise.resolve(current);
  return renew();
}

/** A new token by the cookie; however many ask, one request is made. */
export function renew(): Promise<string | null> {
  renewing ??= alone(refresh).finally(() => {
    renewing = null;
  });
  return renewing;
}

/** Tabs share the cookie, and each renewal replaces it: one tab at a time. */
async function alone(work: () => Promise<string | null>): Promise<string | null> {
  // Pages that are served without TLS have no locks; there the server's grace for two racing tabs has to do.
  return "locks" in navigator ? await navigator.locks.request("atelier.refresh", work) : await work();
}

async function refresh(): Promise<string | null> {
  const response = await fetch("/api/v1/auth/refresh", { method: "POST" }).catch(() => {
    throw new Unreachable();
  });
  if (response.ok) {
    const signedIn = (await response.json()) as SignedIn;
    enter(signedIn);
    return signedIn.accessToken;
  }
  const problem = await problemOf(response);
  if (response.status === 401 || response.status === 403) {
    leave();
    return null;
  }
  throw problem;
}

/** Whether an error says that nobody is signed in any more. */
export function signedOut(error: unknown): boolean {
  return error instanceof Problem && error.code === "AUTH_ERROR";
}
