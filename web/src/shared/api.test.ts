// @vitest-environment jsdom
/** The rules of asking the server. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { address, api, fileName } from "./api";
import { Problem, Unreachable } from "./problem";
import { enter, leave, useSession } from "./session";

const user = { id: "per_1", email: "a@b.c", name: "Ada", admin: false };
const soon = (seconds: number) => new Date(Date.now() + seconds * 1000).toISOString();
const json = (body: unknown, status = 200, headers: Record<string, string> = {}) =>
  new Response(JSON.stringify(body), { status, headers });

/** Answers by path; a list is answered one after the other. Gives what was asked, with the token it bore. */
function server(answers: Record<string, (() => Response)[]>): string[] {
  const asked: string[] = [];
  vi.stubGlobal("fetch", (path: string, init: RequestInit = {}) => {
    const bearer = new Headers(init.headers).get("authorization") ?? "nobody";
    asked.push(`${init.method ?? "GET"} ${path} ${bearer}`);
    const answer = answers[path]?.shift();
    return answer ? Promise.resolve(answer()) : Promise.reject(new TypeError("no route"));
  });
  return asked;
}

beforeEach(() => leave());
afterEach(() => vi.unstubAllGlobals());

test("a token that is refused is renewed once, and the request made again", async () => {
  enter({ accessToken: "old", expiresAt: soon(900), user });
  const asked = server({
    "/api/v1/projects": [() => json({ code: "AUTH_ERROR", error: "over" }, 401), () => json({ ok: true })],
    "/api/v1/auth/refresh": [() => json({ accessToken: "new", expiresAt: soon(900), user })],
  });
  await expect(api.get("/projects")).resolves.toEqual({ ok: true });
  expect(asked).toEqual([
    "GET /api/v1/projects Bearer old",
    "POST /api/v1/auth/refresh nobody",
    "GET /api/v1/projects Bearer new",
  ]);
});

test("a token that is about to end is renewed before it is used, once for all who ask", async () => {
  enter({ accessToken: "old", expiresAt: soon(5), user });
  const asked = server({
    "/api/v1/a": [() => json(1)],
    "/api/v1/b": [() => json(2)],
    "/api/v1/auth/refresh": [() => json({ accessToken: "new", expiresAt: soon(900), user })],
  });
  await expect(Promise.all([api.get("/a"), api.get("/b")])).resolves.toEqual([1, 2]);
  expect(asked.filter((line) => line.includes("refresh"))).toHaveLength(1);
  expect(asked.filter((line) => line.endsWith("Bearer new"))).toHaveLength(2);
});

test("who cannot be renewed is signed out", async () => {
  enter({ accessToken: "old", expiresAt: soon(900), user });
  server({
    "/api/v1/projects": [() => json({ code: "AUTH_ERROR", error: "Sign in again." }, 401)],
    "/api/v1/auth/refresh": [() => json({ code: "AUTH_ERROR", error: "over" }, 401)],
  });
  await expect(api.get("/projects")).rejects.toMatchObject({ code: "AUTH_ERROR" });
  expect(useSession.getState()).toMatchObject({ state: "out", token: null, user: null });
});

test("a problem bears the server's sentence, code, details and when to come back", async () => {
  enter({ accessToken: "t", expiresAt: soon(900), user });
  const body = { error: "Too many.", code: "RATE_LIMITED", details: { limit: 10 }, requestId: "req_1" };
  server({ "/api/v1/x": [() => json(body, 429, { "retry-after": "7" })] });
  const problem = await api.post("/x", {}).catch((error: unknown) => error);
  expect(problem).toBeInstanceOf(Problem);
  expect(problem).toMatchObject({
    status: 429,
    code: "RATE_LIMITED",
    message: "Too many.",
    details: { limit: 10 },
    retryAfter: 7,
  });
});

test("a server that does not answer is unreachable, and nobody is signed out by that", async () => {
  enter({ accessToken: "t", expiresAt: soon(900), user });
  server({});
  await expect(api.get("/x")).rejects.toBeInstanceOf(Unreachable);
  expect(useSession.getState().state).toBe("in");
});

test("what is empty is not asked for", () => {
  expect(address("/x", { name: "", cursor: null, limit: 5, removed: false })).toBe("/api/v1/x?limit=5&removed=false");
});

test("a file keeps all letters of its name, and has one in ASCII where that is all there is", () => {
  const said = `attachment; filename="____ _ Cast.csv"; filename*=UTF-8''%C5%BB%C3%B3%C5%82%C4%87%20%E2%80%93%20Cast.csv`;
  expect(fileName(said)).toBe("Żółć – Cast.csv");
  expect(fileName('attachment; filename="Cast.csv"')).toBe("Cast.csv");
  expect(fileName("attachment; filename=\"Cast.csv\"; filename*=UTF-8''%E0%A4")).toBe("Cast.csv");
  expect(fileName("inline")).toBeNull();
});
