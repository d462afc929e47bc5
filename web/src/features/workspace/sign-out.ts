/** Signing out: the server ends the session, this page forgets everything it knew. */
import { api } from "@/shared/api";
import { client } from "@/shared/client";
import { leave } from "@/shared/session";
import { toastError } from "@/shared/toasts";

export async function signOut(): Promise<void> {
  try {
    await api.post("/auth/logout");
  } catch (error) {
    toastError("You are still signed in", error);
    return;
  }
  leave();
  client.clear();
}
