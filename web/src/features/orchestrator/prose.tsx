/** An answer's text: Markdown's plain parts as elements, never as HTML, and the names of its sources as links. */
import { Link } from "@tanstack/react-router";
import { lexer, type Token, type Tokens } from "marked";
import { Fragment, type ReactNode, useMemo } from "react";
import type { Schemas } from "@/shared/wire";

type Source = Schemas["QueryResult"];

interface ProseProps {
  text: string;
  project: string;
  sources: Source[];
  /** Still being written: a caret stands at the end. */
  writing?: boolean;
}

/** Shorter names would be found inside other words' meaning: `I`, `12`. */
const SHORTEST = 3;

export function Prose({ text, project, sources, writing = false }: ProseProps) {
  const named = useMemo(() => naming(sources), [sources]);
  const tokens = useMemo(() => lexer(text), [text]);
  return (
    <div
      className={`flex flex-col gap-2 wrap-anywhere ${writing ? "[&>*:last-child]:after:content-['▍'] [&>*:last-child]:after:text-mode" : ""}`}
    >
      {tokens.map((token, at) => (
        <Block key={at} token={token} leaf={(words) => linked(words, named, project)} />
      ))}
    </div>
  );
}

type Leaf = (words: string) => ReactNode;

function Block({ token, leaf }: { token: Token; leaf: Leaf }): ReactNode {
  switch (token.type) {
    case "space":
      return null;
    case "heading":
      return <p className="font-semibold">{inline(token as Tokens.Heading, leaf)}</p>;
    case "code":
      return (
        <pre className="overflow-x-auto rounded-md border border-line bg-sunken p-3 font-mono text-xs">
          {(token as Tokens.Code).text}
        </pre>
      );
    case "list": {
      const { ordered, items } = token as Tokens.List;
      const rows = items.map((item, at) => (
        <li key={at}>
          {item.tokens.map((part, place) => (
            <Block key={place} token={part} leaf={leaf} />
          ))}
        </li>
      ));
      return ordered ? <ol className="list-decimal pl-5">{rows}</ol> : <ul className="list-disc pl-5">{rows}</ul>;
    }
    case "blockquote":
      return (
        <blockquote className="border-l-2 border-line pl-3 text-ink-2">
          {inline(token as Tokens.Blockquote, leaf)}
        </blockquote>
      );
    case "text":
      return inline(token as Tokens.Text, leaf);
    case "paragraph":
      return <p>{inline(token as Tokens.Paragraph, leaf)}</p>;
    default:
      return <p className="whitespace-pre-wrap">{leaf(token.raw)}</p>;
  }
}

function inline(token: { tokens?: Token[]; raw: string }, leaf: Leaf): ReactNode {
  if (!token.tokens) return leaf(plain(token.raw));
  return token.tokens.map((part, at) => <Fragment key={at}>{span(part, leaf)}</Fragment>);
}

function span(token: Token, leaf: Leaf): ReactNode {
  switch (token.type) {
    case "strong":
      return <strong className="font-semibold">{inline(token as Tokens.Strong, leaf)}</strong>;
    case "em":
      return <em>{inline(token as Tokens.Em, leaf)}</em>;
    case "codespan":
      return <code className="rounded-sm bg-sunken px-1 font-mono text-xs">{(token as Tokens.Codespan).text}</code>;
    case "br":
      return <br />;
    case "escape":
      return (token as Tokens.Escape).text;
    case "paragraph":
      return inline(token as Tokens.Paragraph, leaf);
    // A model's links could lead anywhere: their words are shown, and only records are linked.
    case "link":
      return inline(token as Tokens.Link, leaf);
    case "text":
      return (token as Tokens.Text).tokens ? inline(token as Tokens.Text, leaf) : leaf(plain(token.raw));
    default:
      return leaf(token.raw);
  }
}

/** Markdown's own line breaks within a paragraph are blanks. */
function plain(raw: string): string {
  return raw.replaceAll("\n", " ");
}

interface Naming {
  pattern: RegExp | null;
  byName: Map<string, Source>;
}

function naming(sources: Source[]): Naming {
  const byName = new Map(
    sources.filter(({ title }) => title.length >= SHORTEST).map((source) => [source.title.toLowerCase(), source]),
  );
  if (byName.size === 0) return { pattern: null, byName };
  // The longest first, so that "Mara Voss" is not linked as "Mara".
  const names = [...byName.keys()]
    .sort((a, b) => b.length - a.length)
    .map((name) => name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return { pattern: new RegExp(`(?<![\\p{L}\\p{N}])(${names.join("|")})(?![\\p{L}\\p{N}])`, "giu"), byName };
}

function linked(words: string, { pattern, byName }: Naming, project: string): ReactNode {
  if (!pattern) return words;
  return words.split(pattern).map((part, at) => {
    const source = at % 2 === 1 ? byName.get(part.toLowerCase()) : undefined;
    if (!source) return part;
    return (
      <Link
        key={at}
        to="/projects/$project/records/$collection/$record"
        params={{ project, collection: source.source.collection, record: source.id }}
        className="text-accent underline decoration-1 underline-offset-2"
      >
        {part}
      </Link>
    );
  });
}
