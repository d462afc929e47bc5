/** The answers that a question names between backticks, each as something to press; and the question without them. */
import { thousands } from "./money";

export interface Offered {
  /** What is answered, as the server reads it. */
  answer: string;
  label: string;
  /** Whether only an owner's counts. */
  owner: boolean;
}

export interface Asked {
  /** What is asked. */
  words: string;
  offered: Offered[];
}

/** How a plan of the fleet is asked about, with its tasks behind it; `gateway::plans`. */
const PLAN = /\bAnswer `allow` or `refuse`\.\s*/;

/** Takes a question apart. One that names no answers is asked as it is. */
export function asked(question: string): Asked {
  if (PLAN.test(question)) {
    const offered = [
      { answer: "allow", label: "Do them", owner: false },
      { answer: "refuse", label: "Refuse them", owner: false },
    ];
    return { words: question.replace(PLAN, "\n").trim(), offered };
  }
  const begins = question.search(/\bAnswer `/);
  if (begins < 0) return { words: question, offered: [] };
  const words = question.slice(0, begins).trim();
  const offered = [...question.slice(begins).matchAll(/`([^`]+)`/g)].flatMap(([, answer = ""]) => offer(answer));
  return { words, offered };
}

/** Whether two questions are about the same budgets, so that one answer can be for both. A call is allowed by itself only. */
export function alike(one: string, other: string): boolean {
  const aboutBudgets = (question: string) => asked(question).offered.some(({ answer }) => answer === "rules");
  return aboutBudgets(one) && aboutBudgets(other);
}

function offer(answer: string): Offered[] {
  const tokens = /^raise ([\d.]+) tokens$/.exec(answer)?.[1];
  if (tokens !== undefined) return [{ answer, label: `Add ${thousands(Number(tokens))} tokens`, owner: true }];
  const money = /^raise ([\d.]+) usd$/.exec(answer)?.[1];
  if (money !== undefined) return [{ answer, label: `Add $${money}`, owner: true }];
  const both = /^raise ([\d.]+) tokens and ([\d.]+) usd$/.exec(answer);
  if (both) return [{ answer, label: `Add ${thousands(Number(both[1]))} tokens and $${both[2]}`, owner: true }];
  if (answer === "rules") return [{ answer, label: "Go on by rules", owner: false }];
  if (answer === "cancel") return [{ answer, label: "Cancel the run", owner: false }];
  if (answer === "allow") return [{ answer, label: "Allow this call", owner: false }];
  if (answer === "refuse") return [{ answer, label: "Refuse it", owner: false }];
  return [{ answer, label: answer, owner: false }];
}
