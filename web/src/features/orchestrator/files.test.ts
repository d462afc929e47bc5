/** The rules of files in data mode. */
import { expect, test } from "vitest";
import { take } from "./files";

const file = (name: string, ...parts: BlobPart[]) => new File(parts, name);

test("a text file is read", async () => {
  expect(await take(file("cast.csv", "name,age\nMara,34"))).toEqual({ kind: "text", text: "name,age\nMara,34" });
});

test("a screenplay belongs into the import, whatever its case", async () => {
  expect(await take(file("Tides.FDX", "<xml/>"))).toEqual({ kind: "screenplay" });
});

test("what is no text is refused, by bytes and by what they mean", async () => {
  expect(await take(file("a.txt", new Uint8Array([0xff, 0xfe, 0x41])))).toMatchObject({ kind: "refused" });
  expect(await take(file("a.txt", "a\0b"))).toMatchObject({ kind: "refused" });
});

test("a file is measured in characters, as the server does", async () => {
  expect(await take(file("a.txt", "🎬".repeat(10_000)))).toMatchObject({ kind: "text" });
  expect(await take(file("a.txt", "a".repeat(10_001)))).toMatchObject({ kind: "refused" });
  expect(await take(file("a.txt", "  \n"))).toMatchObject({ kind: "refused" });
});
