/** The settings of one's account and, for who administers it, of the server. */
import { useParams } from "@tanstack/react-router";
import { useSession } from "@/shared/session";
import { Account } from "./account";
import { Keys } from "./keys";
import { Memory } from "./memory";
import { Model } from "./model";
import { Runners } from "./runners";
import { Sections } from "./sections";
import { Sessions } from "./sessions";
import { Slack } from "./slack";
import { SlackApp } from "./slack-app";

const MINE = { account: "Account", sessions: "Sessions", keys: "API keys", runners: "Runners", slack: "Slack" };
const SERVER = { model: "Model", memory: "Memory" };

export function Settings() {
  const { section = "account" } = useParams({ strict: false });
  const admin = useSession((session) => session.user?.admin ?? false);
  const offered: Record<string, string> = admin ? { ...MINE, ...SERVER } : MINE;
  const sections = Object.entries(offered).map(([id, name]) => ({
    id,
    name,
    link: { to: "/settings/$section", params: { section: id } } as const,
  }));
  return (
    <Sections title="Settings" sections={sections} current={section}>
      {section === "account" && <Account />}
      {section === "sessions" && <Sessions />}
      {section === "keys" && <Keys />}
      {section === "runners" && <Runners />}
      {section === "slack" && <Slack />}
      {section === "slack" && admin && <SlackApp />}
      {section === "model" && admin && <Model />}
      {section === "memory" && admin && <Memory />}
      {!(section in offered) && <p className="text-sm text-ink-2">Only who administers the server sees this.</p>}
    </Sections>
  );
}
