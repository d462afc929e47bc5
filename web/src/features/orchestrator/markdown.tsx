/** A model's words as elements: Markdown is read into tokens, and nothing of it ever becomes HTML. */
import { Lexer, type Token, type Tokens } from "marked";
import { createContext, memo, type ReactNode, useContext, useMemo } from "react";
import type { Named, Piece } from "@/engines/mentions";
import { RecordLink } from "./record-link";

/** Finds the records that a text names, so that each name is a link. */
export type Finder = (text: string) => Piece[];

const Find = createContext<Finder | null>(null);

/** Blocks that have not changed since the last frame are not made anew. */
export function Markdown({ text, find, writing = false }: { text: string; find: Finder | null; writing?: boolean }) {
  const blocks = useMemo(
    () => new Lexer({ gfm: true }).lex(text).filter(({ type }) => type !== "space" && type !== "def"),
    [text],
  );
  return (
    <Find value={find}>
      <div className={`flex flex-col gap-2 wrap-anywhere ${writing ? "writing" : ""}`}>
        {blocks.map((token, at) => (
          <Block key={at} raw={token.raw} token={token} />
        ))}
      </div>
    </Find>
  );
}

const Block = memo(
  ({ token }: { raw: string; token: Token }) => block(token),
  (before, after) => before.raw === after.raw && before.token.type === after.token.type,
);

function block(token: Token): ReactNode {
  switch (token.type) {
    case "heading":
      // The panel has its own headings; a model's must not rise above them.
      return <p className="font-semibold">{inline(token.tokens)}</p>;
    case "paragraph":
      return <p>{inline(token.tokens)}</p>;
    case "code":
      return (
        <pre
          tabIndex={0}
          className="overflow-x-auto rounded-md border border-line bg-sunken p-2 font-mono text-xs leading-relaxed"
        >
          <code>{(token as Tokens.Code).text}</code>
        </pre>
      );
    case "blockquote":
      return (
        <blockquote className="flex flex-col gap-2 border-l-2 border-line-strong pl-3 text-ink-2">
          {all(token.tokens, block)}
        </blockquote>
      );
    case "list":
      return list(token as Tokens.List);
    case "table":
      return table(token as Tokens.Table);
    case "hr":
      return <hr className="border-line" />;
    case "space":
    case "def":
      return null;
    case "text":
      return inline(token.tokens ?? [token]);
    default:
      return <p>{plain(token)}</p>;
  }
}

function list({ ordered, start, items }: Tokens.List): ReactNode {
  const rows = items.map((item, at) => (
    <li key={at}>
      {item.task && (item.checked ? "☑ " : "☐ ")}
      {all(item.tokens, block)}
    </li>
  ));
  if (!ordered) return <ul className="flex list-disc flex-col gap-0.5 pl-5">{rows}</ul>;
  return (
    <ol start={start === "" ? 1 : start} className="flex list-decimal flex-col gap-0.5 pl-6">
      {rows}
    </ol>
  );
}

function table({ header, rows }: Tokens.Table): ReactNode {
  const cell = "border border-line px-2 py-1 text-left align-top";
  return (
    <div tabIndex={0} className="overflow-x-auto">
      <table className="border-collapse text-sm">
        <thead>
          <tr>
            {header.map(({ tokens }, at) => (
              <th key={at} scope="col" className={`${cell} bg-sunken font-medium`}>
                {inline(tokens)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, at) => (
            <tr key={at}>
              {row.map(({ tokens }, at) => (
                <td key={at} className={cell}>
                  {inline(tokens)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function inline(tokens: Token[] | undefined): ReactNode {
  return all(tokens, span);
}

function span(token: Token): ReactNode {
  switch (token.type) {
    case "strong":
      return <strong className="font-semibold">{inline(token.tokens)}</strong>;
    case "em":
      return <em>{inline(token.tokens)}</em>;
    case "del":
      return <del>{inline(token.tokens)}</del>;
    case "codespan":
      return (
        <code className="rounded-sm bg-sunken px-1 font-mono text-[0.92em]">{(token as Tokens.Codespan).text}</code>
      );
    case "br":
      return <br />;
    case "link":
      return link(token as Tokens.Link);
    case "text":
      return token.tokens ? inline(token.tokens) : <Words text={(token as Tokens.Text).text} />;
    case "escape":
      return (token as Tokens.Escape).text;
    default:
      return plain(token);
  }
}

/** Only addresses of the web and of mail are followed; any other link is its text. */
function link({ href, tokens }: Tokens.Link): ReactNode {
  if (!/^(https?:|mailto:)/i.test(href)) return inline(tokens);
  return (
    <a
      href={href}
      target="_blank"
      rel="noopener noreferrer nofollow"
      className="text-accent underline underline-offset-2"
    >
      {inline(tokens)}
    </a>
  );
}

/** What has no form here (HTML, pictures) is shown as it was written. */
function plain(token: Token): ReactNode {
  return <span className="whitespace-pre-wrap">{token.raw}</span>;
}

function all(tokens: Token[] | undefined, form: (token: Token) => ReactNode): ReactNode {
  return tokens?.map((token, at) => <Part key={at}>{form(token)}</Part>);
}

function Part({ children }: { children: ReactNode }) {
  return children;
}

function Words({ text }: { text: string }) {
  const find = useContext(Find);
  if (!find) return text;
  return find(text).map(({ text, named }, at) => (named ? <Mention key={at} text={text} named={named} /> : text));
}

function Mention({ text, named }: { text: string; named: Named }) {
  return (
    <RecordLink collection={named.collection} record={named.record}>
      {text}
    </RecordLink>
  );
}
