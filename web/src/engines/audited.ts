/** What the audit log tells, in words. */
import type { components } from "../generated/api";
import { thousands, usd } from "./money";

type Entry = Pick<components["schemas"]["AuditEntry"], "action" | "details">;

/** The server's words for what was done in a project. */
const ACTIONS: Record<string, string> = {
  "project.created": "Made the project",
  "project.removed": "Removed the project",
  "member.invited": "Invited",
  "invitation.withdrawn": "Withdrew an invitation",
  "member.joined": "Joined",
  "member.role": "Changed a role",
  "member.removed": "Removed a member",
  "slack.channel_set": "Gave a channel of Slack the project",
  "tool_server.set": "Set a server of tools",
  "tool_server.removed": "Removed a server of tools",
  "fleet.ordered": "Ordered something",
  "fleet.answered": "Answered a run",
  "fleet.said": "Said something to an agent",
  "fleet.cancelled": "Cancelled a run",
  "fleet.paused": "Paused a run",
  "fleet.resumed": "Resumed a run",
  "fleet.retried": "Did a step again",
  "fleet.scheduled": "Made a schedule",
  "fleet.schedule_changed": "Changed a schedule",
  "fleet.schedule_removed": "Removed a schedule",
  "fleet.policy_set": "Changed the fleet’s policy",
  "runner.serves": "Let a runner serve the project",
  "runner.key_changed": "Changed a runner’s key",
  "runner.removed": "Removed a runner",
  "command.do": "Ordered a command",
  "command.ask": "Ordered an agent’s work",
  "command.plan": "Ordered a plan",
  "command.say": "Said something to an agent",
  "command.steer": "Steered an agent",
  "command.interrupt": "Interrupted an agent",
  "command.answer": "Answered a run",
  "command.cancel": "Cancelled a run",
  "command.retry": "Did a run again",
  "command.schedule_pause": "Paused a schedule",
  "command.schedule_resume": "Resumed a schedule",
  "command.health_reset": "Gave a resting runner work",
};

/** What was done; as the server says it, if there are no other words for it. */
export function did({ action }: Entry): string {
  return ACTIONS[action] ?? action;
}

/** What is known of it beside who did it: an address, a name, a role, what was changed from what to what. */
export function more({ details }: Entry): string {
  const { email, name, role, from, to, program, agent, tool, verb, option, before, after } = details;
  const change = typeof from === "string" && typeof to === "string" ? `${from} → ${to}` : null;
  const where = from === "slack" ? "in Slack" : null;
  const parts = [email, name, role, change, program, agent, tool, verb, option, ...changed(before, after), where];
  return parts.filter((part) => typeof part === "string").join(", ");
}

/** Each field that is another than before. */
function changed(before: unknown, after: unknown): string[] {
  if (!isRecord(before) || !isRecord(after)) return [];
  return Object.keys(after)
    .filter((field) => before[field] !== after[field])
    .map((field) => `${named(field)}: ${shown(field, before[field])} → ${shown(field, after[field])}`);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

/** `dayCostMicros` is `day cost`. */
function named(field: string): string {
  return field.replace(/Micros$/, "").replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

function shown(field: string, value: unknown): string {
  if (typeof value !== "number") return typeof value === "string" ? value : "no bound";
  return field.endsWith("Micros") ? usd(value) : thousands(value);
}
