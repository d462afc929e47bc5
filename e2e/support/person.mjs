/** Someone who is signed in, in the browser and over the API. */

export const PASSWORD = "a quiet harbour at night";

/** Sets the server up by its link, and signs the browser in; gives the person's way to the API. */
export async function firstPerson(server, { page }) {
  const token = new URLSearchParams(new URL(server.setupLink).hash.slice(1)).get("token");
  const answer = await page.request.post(`${server.base}/api/v1/setup`, {
    data: { token, email: "ada@example.org", password: PASSWORD, name: "Ada Lind" },
  });
  if (!answer.ok()) throw new Error(`the set-up was refused: ${await answer.text()}`);
  const { accessToken } = await answer.json();
  return caller(server.base, accessToken);
}

/** Someone new joins a project by an invitation, in their own browser; gives their way to the API. */
export async function joins(server, { page }, api, { project, name, email, role }) {
  const { link } = await api.post(`/projects/${project}/invitations`, { email, role });
  const token = new URLSearchParams(new URL(link, server.base).hash.slice(1)).get("token");
  const answer = await page.request.post(`${server.base}/api/v1/invitations/accept`, { data: { token, name, password: PASSWORD } });
  if (!answer.ok()) throw new Error(`the invitation was refused: ${await answer.text()}`);
  const { signedIn } = await answer.json();
  return caller(server.base, signedIn.accessToken);
}

/** Requests that are on their way at once: the server saves what waits in one transaction. */
const LANES = 32;

/** Calls the API with a bearer's token; an answer that is not a success is an error. */
export function caller(base, bearer) {
  const ask = async (method, path, body) => {
    const answer = await fetch(`${base}/api/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${bearer}`, ...(body && { "content-type": "application/json" }) },
      ...(body && { body: JSON.stringify(body) }),
    });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return answer.status === 204 ? null : answer.json();
  };
  return {
    get: (path) => ask("GET", path),
    post: (path, body = {}) => ask("POST", path, body),
    put: (path, body) => ask("PUT", path, body),
    remove: (path) => ask("DELETE", path),
    /** A film made of a script: it is imported and saved. */
    async film(name, content) {
      const project = await ask("POST", "/projects", { name, type: "movie" });
      const path = `/projects/${project.id}/imports`;
      const { importId } = await ask("POST", path, { filename: "script.fountain", content });
      await ask("POST", `${path}/${importId}/decision`, { decision: "ingest" });
      return project.id;
    },
    /** A film with as many concepts, one request each: `Concept 1`, `Concept 2` … */
    async concepts(name, many) {
      const project = await ask("POST", "/projects", { name, type: "movie" });
      let next = 1;
      const lane = async () => {
        while (next <= many) {
          const number = next++;
          await ask("POST", `/projects/${project.id}/concepts`, { name: `Concept ${number}`, description: "A thought." });
        }
      };
      await Promise.all(Array.from({ length: LANES }, lane));
      return project.id;
    },
  };
}
