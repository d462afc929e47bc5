/** The live connection of a project: events in order refresh what is shown, presence says who else is here. */
import type { Socket } from "socket.io-client";
import { create } from "zustand";
import { Sequencer } from "@/engines/sequencer";
import { client } from "./client";
import { executionsKey } from "./fleet";
import { keys } from "./queries";
import { forgetEvents, takeRunEvent } from "./runs";
import { token, useSession } from "./session";
import { toast } from "./toasts";
import type { CollectionSchema, Schemas, ToClient } from "./wire";

type Reliable = Extract<ToClient, { seq: number; timestamp: string }>;
type Present = Schemas["Present"];
type Place = Schemas["PresenceState"];

interface Live {
  /** `lost` once a connection that was there is gone; `off` when no project is open. */
  state: "off" | "connecting" | "on" | "lost";
  present: Present[];
}

const NOTHING: Live = { state: "off", present: [] };

export const useLive = create<Live>(() => NOTHING);

const RELIABLE = [
  "entity:updated",
  "member:updated",
  "project:updated",
  "review:updated",
  "run:updated",
  "step:updated",
  "notification",
] as const;

let place: Place = {};
/** The runs that are looked at, each with how often: what their steps write on runners is told only to who follows them. */
const followed = new Map<string, number>();
let current: Socket | null = null;

/** Says where the person is, so that others see it. */
export function tellPlace(next: Place): void {
  place = next;
  if (current?.connected) current.volatile.emit("presence:update", place);
}

/** Follows what is written in a run; the function that it gives ends that. */
export function followRun(run: string): () => void {
  const looks = followed.get(run) ?? 0;
  followed.set(run, looks + 1);
  if (looks === 0) tellFollowed("subscribe:execution", run);
  return () => {
    const left = (followed.get(run) ?? 1) - 1;
    if (left > 0) return void followed.set(run, left);
    followed.delete(run);
    tellFollowed("unsubscribe:execution", run);
  };
}

function tellFollowed(what: "subscribe:execution" | "unsubscribe:execution", run: string): void {
  if (current?.connected) current.emit(what, { executionId: run });
}

/** Connects to a project; the function that it gives disconnects. */
export function connect(project: string): () => void {
  let gone = false;
  forgetEvents();
  useLive.setState({ ...NOTHING, state: "connecting" });
  // Not in the first load: the page is read before anybody can have changed anything.
  void import("socket.io-client").then(({ io }) => {
    if (gone) return;
    const sequencer = new Sequencer<Reliable>({
      deliver: (event) => deliver(project, event),
      resync: () => void client.invalidateQueries({ queryKey: keys.project(project) }),
    });
    const socket = io({
      transports: ["websocket", "polling"],
      reconnectionDelay: 1000,
      reconnectionDelayMax: 5000,
      auth: (answer) => {
        void token()
          .catch(() => null)
          .then((bearer) =>
            answer({
              token: bearer ?? "",
              projectId: project,
              ...(sequencer.lastSeq !== null && { lastSeq: sequencer.lastSeq }),
            }),
          );
      },
    });
    current = socket;
    listen(socket, project, sequencer);
  });
  return () => {
    gone = true;
    current?.disconnect();
    current = null;
    useLive.setState(NOTHING);
  };
}

function listen(socket: Socket, project: string, sequencer: Sequencer<Reliable>): void {
  let before = false;
  let retry: ReturnType<typeof setTimeout> | undefined;
  socket.on("connect", () => {
    useLive.setState({ state: "on" });
    // What was read before the stream was open may have changed in between, and no event would tell.
    if (!before) void client.invalidateQueries({ queryKey: keys.project(project), predicate: stale(Date.now()) });
    before = true;
    socket.volatile.emit("presence:update", place);
    for (const run of followed.keys()) tellFollowed("subscribe:execution", run);
  });
  socket.on("disconnect", (reason) => {
    if (reason === "io client disconnect") return;
    useLive.setState({ state: "lost", present: [] });
    // The client reconnects by itself unless the server has ended it: a new token may be all that is needed.
    if (reason === "io server disconnect") socket.connect();
  });
  socket.on("connect_error", () => {
    useLive.setState(({ state }) => ({ state: before || state === "lost" ? "lost" : "connecting" }));
    if (socket.active) return;
    clearTimeout(retry);
    retry = setTimeout(() => current === socket && socket.connect(), 5000);
  });
  for (const name of RELIABLE) socket.on(name, (event: Reliable) => sequencer.accept(event));
  socket.on("resync", ({ seq }: { seq: number }) => sequencer.restart(seq));
  socket.on("stream:grown", ({ executionId }: { executionId: string }) => {
    void client.invalidateQueries({ queryKey: executionsKey(project, executionId) });
  });
  socket.on("presence:state", ({ present }: { present: Present[] }) => useLive.setState({ present }));
}

const stale = (moment: number) => (query: { state: { dataUpdatedAt: number } }) =>
  query.state.dataUpdatedAt > 0 && query.state.dataUpdatedAt < moment;

function deliver(project: string, event: Reliable): void {
  if (event.type === "run:updated" || event.type === "step:updated") takeRunEvent(project, event);
  // The activity tells of runs, not of each of their steps.
  if (event.type === "step:updated") return;
  const again = (queryKey: readonly unknown[]) => void client.invalidateQueries({ queryKey });
  again(keys.activity(project));
  switch (event.type) {
    case "entity:updated": {
      const schema = client.getQueryData<CollectionSchema[]>(["schema", project]);
      const collection = schema?.find(({ singular }) => singular === event.entityType)?.name;
      again(collection === undefined ? keys.records(project) : keys.collection(project, collection));
      again([...keys.project(project), "self"]);
      again(keys.projects);
      again(keys.readiness(project));
      break;
    }
    case "member:updated":
      again(keys.people(project));
      again([...keys.project(project), "self"]);
      break;
    case "project:updated":
      again([...keys.project(project), "self"]);
      again(keys.projects);
      break;
    case "review:updated":
      again(keys.imports(project));
      again(keys.proposals(project));
      again(keys.reviews(project));
      again(keys.readiness(project));
      break;
    case "notification":
      // What one did oneself was told by the click that did it, with its undo; what failed is told in any case.
      if (event.level === "success" && event.userId === useSession.getState().user?.id) break;
      toast({ level: event.level, title: event.title, message: event.message });
      break;
  }
}
