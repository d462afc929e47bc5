/** Brings a document to the server: small ones in one request, large ones in chunks that survive a lost connection. */
import { send, type UploadPort, type UploadProgress } from "@/engines/upload";
import { api } from "@/shared/api";
import { passing, Problem } from "@/shared/problem";
import { recall, remember } from "@/shared/store";
import type { Schemas } from "@/shared/wire";

type Import = Schemas["Import"];
type Upload = Schemas["Upload"];

/** From this size on, in bytes, a document goes in chunks. */
const CHUNKED = 1024 * 1024;

/** Sends a file and gives the import with its preview; nothing is saved by this. */
export async function importFile(
  project: string,
  file: File,
  onProgress: (progress: UploadProgress) => void,
  signal: AbortSignal,
): Promise<Import> {
  const path = `/projects/${project}/imports`;
  if (file.size <= CHUNKED) {
    const form = new FormData();
    form.append("file", file, file.name);
    return api.post<Import>(path, form, { signal });
  }
  const upload = await send(file, port(project), onProgress, signal);
  return api.post<Import>(path, { filename: file.name, uploadId: upload.id } satisfies Schemas["CreateImport"], {
    signal,
  });
}

/** Sends text that was pasted. */
export function importText(project: string, filename: string, content: string, signal: AbortSignal): Promise<Import> {
  const body: Schemas["CreateImport"] = { filename, content };
  return api.post<Import>(`/projects/${project}/imports`, body, { signal });
}

function port(project: string): UploadPort {
  const path = `/projects/${project}/uploads`;
  return {
    create: (body, signal) => api.post<Upload>(path, body, { signal }),
    get: async (id, signal) => {
      try {
        return await api.get<Upload>(`${path}/${id}`, { signal });
      } catch (error) {
        if (error instanceof Problem && error.code === "NOT_FOUND") return null;
        throw error;
      }
    },
    put: (id, { index, total, start, end, size, bytes }, signal) =>
      api.put<Upload>(`${path}/${id}/chunks/${index}`, bytes, {
        signal,
        headers: {
          "content-range": `bytes ${start}-${end - 1}/${size}`,
          "x-chunk-index": String(index),
          "x-total-chunks": String(total),
        },
      }),
    retryable: passing,
    wait: pause,
    chance: Math.random,
    remember: (fingerprint, id) => remember(`upload.${project}.${fingerprint}`, id),
    recall: (fingerprint) => recall<string>(`upload.${project}.${fingerprint}`),
  };
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
