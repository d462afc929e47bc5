/** The graph of a run, drawn live: departments as cards, their steps as rows, edges as they unlock. */
import {
  Handle,
  type Edge,
  type Node,
  type NodeProps,
  Position,
  ReactFlow,
  useReactFlow,
  useStore,
} from "@xyflow/react";
import clsx from "clsx";
import { Maximize, Minus, Plus } from "lucide-react";
import { memo, useEffect, useMemo } from "react";
import { arrange, type Card, type Layout } from "@/engines/graph";
import { capital, isHeld, type Step, type StepState, together } from "@/engines/run";
import { IconButton } from "@/shared/ui/button";
import { PartsRow } from "./parts";
import { DepartmentRow, StepRow } from "./row";
import type { RunView } from "./view";
import "@xyflow/react/dist/base.css";
import "./graph.css";

interface Shown extends Record<string, unknown>, Pick<RunView, "scores" | "durations" | "select"> {
  card: Card;
  steps: Step[];
  /** The step of this card that is looked at. */
  selected: string | null;
}

type CardNode = Node<Shown, "card">;

const TYPES = { card: memo(CardOf) };
/** From `readable` on a row is 24 pixels high, and can be hit (WCAG 2.5.8); larger is larger than all else on the screen. */
const ZOOM = { least: 0.2, readable: 0.86, most: 1 };

export function Graph({ view }: { view: RunView }) {
  const { steps, byId, scores, durations, selected, select } = view;
  const shape = steps.map(({ id, after }) => `${id}:${after.join()}`).join();
  // Where things stand depends on the edges alone, and those of a run never change.
  // eslint-disable-next-line react-hooks/exhaustive-deps
  const layout = useMemo(() => arrange(steps), [shape]);
  const cards = useMemo(
    () => layout.cards.map((card) => nodeOf(card, { byId, scores, durations, select })),
    [layout, byId, scores, durations, select],
  );
  // From step to step only the card that is left and the one that is reached are drawn anew.
  const nodes = useMemo(
    () => cards.map((node) => (selected !== null && holds(node, selected) ? chosen(node, selected) : node)),
    [cards, selected],
  );
  const edges = useMemo(() => edgesOf(layout, byId), [layout, byId]);
  return (
    <section aria-label="Graph" className="run-graph relative h-full min-h-0">
      <ReactFlow
        nodes={nodes}
        edges={edges}
        nodeTypes={TYPES}
        nodesDraggable={false}
        nodesConnectable={false}
        nodesFocusable={false}
        edgesFocusable={false}
        elementsSelectable={false}
        onlyRenderVisibleElements={layout.cards.length > 60}
        minZoom={ZOOM.least}
        maxZoom={1.5}
        zoomOnScroll={false}
        zoomOnDoubleClick={false}
        preventScrolling={false}
        proOptions={{ hideAttribution: true }}
      >
        <Fitted layout={layout} />
        <Buttons />
      </ReactFlow>
    </section>
  );
}

/** Keeps all of the run in view when the room for it changes; a run that is too large begins at its beginning. */
function Fitted({ layout }: { layout: Layout }) {
  const { setViewport } = useReactFlow();
  const width = useStore((state) => state.width);
  const height = useStore((state) => state.height);
  useEffect(() => {
    if (width === 0 || height === 0 || layout.cards.length === 0) return;
    const margin = 16;
    const fitting = Math.min((width - 2 * margin) / layout.width, (height - 2 * margin) / layout.height);
    const zoom = Math.min(ZOOM.most, Math.max(ZOOM.readable, fitting));
    const x = Math.max(margin, (width - layout.width * zoom) / 2);
    const y = Math.max(margin, (height - layout.height * zoom) / 2);
    void setViewport({ x, y: Math.min(y, 4 * margin), zoom });
  }, [layout, width, height, setViewport]);
  return null;
}

function Buttons() {
  const { zoomIn, zoomOut, fitView } = useReactFlow();
  const look = "size-7! rounded-none!";
  return (
    <div className="absolute right-3 bottom-3 z-10 flex overflow-hidden rounded-md border border-line bg-raised">
      <IconButton label="Smaller" className={look} onClick={() => void zoomOut()}>
        <Minus />
      </IconButton>
      <IconButton label="All of it" className={look} onClick={() => void fitView({ padding: 0.05, maxZoom: 1 })}>
        <Maximize />
      </IconButton>
      <IconButton label="Larger" className={look} onClick={() => void zoomIn()}>
        <Plus />
      </IconButton>
    </div>
  );
}

function holds({ data: { steps } }: CardNode, step: string): boolean {
  return steps.some(({ id }) => id === step);
}

function chosen(node: CardNode, selected: string): CardNode {
  return { ...node, data: { ...node.data, selected } };
}

function nodeOf(card: Card, { byId, ...rest }: Pick<RunView, "byId" | "scores" | "durations" | "select">): CardNode {
  const { x, y, width, height } = card;
  return {
    id: card.id,
    type: "card",
    position: { x, y },
    width,
    height,
    // Known beforehand, so that nothing is measured and nothing jumps.
    measured: { width, height },
    handles: [
      { type: "target", position: Position.Top, x: width / 2, y: 0, width: 1, height: 1 },
      { type: "source", position: Position.Bottom, x: width / 2, y: height, width: 1, height: 1 },
    ],
    data: { card, steps: members(card).flatMap((id) => byId.get(id) ?? []), selected: null, ...rest },
  };
}

function members({ head, steps, parts }: Card): string[] {
  const own = head === null ? steps : [head, ...steps];
  return parts.size === 0 ? own : [...own, ...[...parts.values()].flat()];
}

function edgesOf({ cards, edges }: Layout, byId: RunView["byId"]): Edge[] {
  const states = new Map(
    cards.map((card) => [card.id, together(members(card).flatMap((step) => byId.get(step)?.state ?? []))]),
  );
  return edges.map(({ from, to }) => ({
    id: `${from}>${to}`,
    source: from,
    target: to,
    className: `edge-${edgeOf(states.get(from), states.get(to))}`,
  }));
}

/** Shut until what it comes from is complete. */
function edgeOf(from: StepState | undefined, to: StepState | undefined): string {
  if (from === "failed" || from === "cancelled") return "broken";
  if (from !== "complete") return "shut";
  return to !== undefined && isHeld(to) ? "busy" : "open";
}

function CardOf({ data: { card, steps, selected, select, scores, durations } }: NodeProps<CardNode>) {
  const state = together(steps.map((step) => step.state));
  const byId = new Map(steps.map((step) => [step.id, step]));
  return (
    <div
      className={clsx(
        // A node that can be neither dragged nor selected lets the pointer through; its rows are for clicking.
        "nopan pointer-events-auto flex h-full flex-col rounded-lg border bg-surface p-[3px] transition-colors",
        isHeld(state) ? "border-accent" : state === "failed" ? "border-bad" : "border-line",
        state === "queued" && "border-dashed",
      )}
    >
      {card.department !== null && (
        <DepartmentRow
          name={capital(card.department)}
          state={state}
          head={card.head}
          score={card.head === null ? undefined : scores.get(card.head)}
          selected={card.head !== null && selected === card.head}
          onSelect={select}
        />
      )}
      {card.steps.map((id) => {
        const step = byId.get(id);
        const parts = card.parts.get(id)?.flatMap((part) => byId.get(part)?.state ?? []);
        if (!step) return null;
        return parts ? (
          <PartsRow
            key={id}
            step={step}
            parts={parts}
            // Of its parts, too: they have no row of their own.
            selected={selected === id || card.parts.get(id)?.includes(selected ?? "") === true}
            onSelect={select}
          />
        ) : (
          <StepRow key={id} step={step} duration={durations.get(id)} selected={selected === id} onSelect={select} />
        );
      })}
      <Handle type="target" position={Position.Top} isConnectable={false} />
      <Handle type="source" position={Position.Bottom} isConnectable={false} />
    </div>
  );
}
