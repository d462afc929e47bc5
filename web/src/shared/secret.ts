/** A secret on its way to the server: sealed here to its key, so that nothing between can read it, and no answer gives it back. */
import { seal } from "@/engines/sealed";
import { api } from "./api";
import type { Schemas } from "./wire";

export async function sealed(secret: string): Promise<string> {
  const { publicKey } = await api.get<Schemas["SealingKey"]>("/settings/sealing-key");
  return seal(secret, publicKey);
}
