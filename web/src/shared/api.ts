/** Requests to the server: one place that adds the token, renews it once, and turns answers into values or problems. */
import { problemOf, Unreachable } from "./problem";
import { renew, token, useSession } from "./session";

type Method = "GET" | "POST" | "PATCH" | "PUT" | "DELETE";

export interface RequestOptions {
  /** Sent as JSON, unless it is a form or bytes. */
  body?: unknown;
  query?: Record<string, string | number | boolean | null | undefined>;
  headers?: Record<string, string>;
  signal?: AbortSignal | undefined;
}

const BASE = "/api/v1";

/** The path with what is asked for behind it; what is null or empty is left out. */
export function address(path: string, query: RequestOptions["query"] = {}): string {
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) {
    if (value !== null && value !== undefined && value !== "") search.set(key, String(value));
  }
  const text = search.toString();
  return BASE + path + (text === "" ? "" : `?${text}`);
}

/** The raw answer, for streams and downloads; problems are thrown only when the server cannot be reached. */
export async function respond(method: Method, path: string, options: RequestOptions = {}): Promise<Response> {
  const first = await attempt(method, path, options, await token());
  if (first.status !== 401 || useSession.getState().token === null) return first;
  const renewed = await renew();
  return renewed === null ? first : attempt(method, path, options, renewed);
}

async function attempt(
  method: Method,
  path: string,
  { body, query, headers = {}, signal }: RequestOptions,
  bearer: string | null,
): Promise<Response> {
  const raw = body instanceof FormData || body instanceof ArrayBuffer;
  const sent: Record<string, string> = { accept: "application/json", ...headers };
  if (body !== undefined && !raw) sent["content-type"] = "application/json";
  if (body instanceof ArrayBuffer) sent["content-type"] = "application/octet-stream";
  if (bearer !== null) sent["authorization"] = `Bearer ${bearer}`;
  try {
    return await fetch(address(path, query), {
      method,
      headers: sent,
      body: body === undefined ? null : raw ? (body as FormData | ArrayBuffer) : JSON.stringify(body),
      signal: signal ?? null,
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Unreachable();
  }
}

async function value<T>(method: Method, path: string, options?: RequestOptions): Promise<T> {
  const response = await respond(method, path, options);
  if (!response.ok) throw await problemOf(response);
  return (response.status === 204 ? undefined : await response.json()) as T;
}

/** The requests; each gives the body of a success, typed by the caller from the generated types. */
export const api = {
  get: <T>(path: string, options?: RequestOptions) => value<T>("GET", path, options),
  post: <T>(path: string, body?: unknown, options?: RequestOptions) => value<T>("POST", path, { ...options, body }),
  patch: <T>(path: string, body: unknown, options?: RequestOptions) => value<T>("PATCH", path, { ...options, body }),
  put: <T>(path: string, body: unknown, options?: RequestOptions) => value<T>("PUT", path, { ...options, body }),
  delete: <T>(path: string, options?: RequestOptions) => value<T>("DELETE", path, options),
};

/** The name that a server gives a file: with all its letters if it says them (RFC 6266), else in ASCII; null without one. */
export function fileName(disposition: string): string | null {
  const encoded = /filename\*=UTF-8''([^;]+)/i.exec(disposition)?.[1];
  try {
    if (encoded !== undefined) return decodeURIComponent(encoded.trim());
  } catch {
    // Not what the standard has; the other name is.
  }
  return /filename="([^"]+)"/i.exec(disposition)?.[1] ?? null;
}

/** Saves what an address gives as a file, with the name that the server chose. */
export async function download(path: string): Promise<void> {
  const response = await respond("GET", path);
  if (!response.ok) throw await problemOf(response);
  const name = fileName(response.headers.get("content-disposition") ?? "");
  save(await response.blob(), name ?? path.slice(path.lastIndexOf("/") + 1));
}

/** Saves what is there as a file. */
export function save(content: Blob, name: string): void {
  const url = URL.createObjectURL(content);
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}
