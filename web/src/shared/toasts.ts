/** Short messages at the screen's edge; one that offers to undo stays long enough to be reached. */
import { create } from "zustand";
import { sentence } from "./problem";

export interface Toast {
  id: number;
  level: "info" | "success" | "warning" | "error";
  title: string;
  message?: string;
  action?: { label: string; run: () => void };
}

/** More would cover the page; the oldest goes. */
const MOST = 4;

let next = 1;

export const useToasts = create<{ toasts: Toast[] }>(() => ({ toasts: [] }));

/** Shows a message. */
export function toast(message: Omit<Toast, "id">): void {
  const id = next++;
  useToasts.setState(({ toasts }) => ({ toasts: [...toasts, { ...message, id }].slice(-MOST) }));
}

/** Tells of an error in the person's words. */
export function toastError(title: string, error: unknown): void {
  toast({ level: "error", title, message: sentence(error) });
}

export function dismiss(id: number): void {
  useToasts.setState(({ toasts }) => ({ toasts: toasts.filter((toast) => toast.id !== id) }));
}
