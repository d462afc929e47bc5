/** The rules of a model's words as elements. */
import { renderToStaticMarkup } from "react-dom/server";
import { expect, test } from "vitest";
import { Markdown } from "./markdown";

const markup = (text: string) => renderToStaticMarkup(<Markdown text={text} find={null} />);

test("HTML in an answer is shown, never made", () => {
  const made = markup(
    '<img src=x onerror="alert(1)"> and <b>bold</b>\n\n<script>alert(1)</script>\n\n<style>*{}</style>',
  );
  expect(made).not.toMatch(/<(img|b|script|style)\b/);
  expect(made).toContain("&lt;script&gt;");
});

test("only addresses of the web and of mail become links, and never carry the page along", () => {
  expect(markup("[a](javascript:alert(1)) [b](data:text/html,x) [c](//evil.example)")).not.toContain("href");
  expect(markup("[d](https://example.org)")).toContain(
    'href="https://example.org" target="_blank" rel="noopener noreferrer nofollow"',
  );
});

test("a picture is not fetched", () => {
  expect(markup("![spy](https://example.org/spy.png)")).not.toContain("<img");
});

test("headings, lists, tables and code have their forms", () => {
  const made = markup(
    "# Cast\n\n3. Mara\n4. *Joss*\n\n| a | b |\n|---|---|\n| 1 | `2` |\n\n```rust\nlet x = 1 < 2;\n```",
  );
  expect(made).not.toContain("<h1");
  expect(made).toContain('<ol start="3"');
  expect(made).toContain("<em>Joss</em>");
  expect(made).toContain('<th scope="col"');
  expect(made).toContain("let x = 1 &lt; 2;");
});

test("a text that breaks off in the middle of a sign is still readable", () => {
  for (const text of ["**Ma", "```\nlet", "| a |", "[Mara](htt", "1."]) expect(markup(text)).not.toBe("");
});
