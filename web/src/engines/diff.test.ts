/** The rules of reading a diff. */
import { expect, test } from "vitest";
import { diff } from "./diff";

const CHANGED = `diff --git a/src/tide.rs b/src/tide.rs
index 1111111..2222222 100644
--- a/src/tide.rs
+++ b/src/tide.rs
@@ -1,3 +1,4 @@ fn main
 one
-two
+2
+2b
 three
@@ -10 +11 @@
--- not a heading
+++ nor this
\\ No newline at end of file
`;

test("a file is its hunks, each line with its number before and after", () => {
  const { files, rows } = diff(CHANGED);
  expect(files).toEqual([
    { path: "src/tide.rs", was: null, change: "modified", binary: false, added: 3, removed: 2, row: 0 },
  ]);
  expect(rows.map(({ kind, text, before, after }) => [kind, text, before, after])).toEqual([
    ["file", "src/tide.rs", null, null],
    ["hunk", "@@ -1,3 +1,4 @@ fn main", null, null],
    ["same", "one", 1, 1],
    ["removed", "two", 2, null],
    ["added", "2", null, 2],
    ["added", "2b", null, 3],
    ["same", "three", 3, 4],
    ["hunk", "@@ -10 +11 @@", null, null],
    ["removed", "-- not a heading", 10, null],
    ["added", "++ nor this", null, 11],
    ["note", "No line feed at the end", null, null],
  ]);
});

test("files that came, went, were renamed or are no text are told as such", () => {
  const { files } = diff(`diff --git a/new.txt b/new.txt
new file mode 100644
--- /dev/null
+++ b/new.txt
@@ -0,0 +1 @@
+hello
diff --git a/old.txt b/old.txt
deleted file mode 100644
--- a/old.txt
+++ /dev/null
@@ -1 +0,0 @@
-bye
diff --git a/a b.txt b/c d.txt
similarity index 100%
rename from a b.txt
rename to c d.txt
diff --git a/logo.png b/logo.png
index 1..2 100644
Binary files a/logo.png and b/logo.png differ
diff --git a/icon.png b/icon.png
index 1..2 100644
GIT binary patch
literal 5
McmZQzU|@g%0ssI2

diff --git a/run.sh b/run.sh
old mode 100644
new mode 100755
`);
  expect(
    files.map(({ path, was, change, binary, added, removed }) => [path, was, change, binary, added, removed]),
  ).toEqual([
    ["new.txt", null, "added", false, 1, 0],
    ["old.txt", null, "deleted", false, 0, 1],
    ["c d.txt", "a b.txt", "renamed", false, 0, 0],
    ["logo.png", null, "modified", true, 0, 0],
    ["icon.png", null, "modified", true, 0, 0],
    ["run.sh", null, "modified", false, 0, 0],
  ]);
});

test("paths with other letters than ASCII are read as they are called", () => {
  const { files } = diff(`diff --git "a/gr\\303\\274\\303\\237e \\"x\\".txt" "b/gr\\303\\274\\303\\237e \\"x\\".txt"
old mode 100644
new mode 100755
`);
  expect(files[0]?.path).toBe('grüße "x".txt');
});

test("a diff that is not git's is read, too", () => {
  const { files } = diff(
    "--- a.txt\t2026-01-01\n+++ b.txt\t2026-01-02\n@@ -1 +1 @@\n-a\n+b\n--- /dev/null\n+++ c.txt\n@@ -0,0 +1 @@\n+c\n",
  );
  expect(files.map(({ path, change }) => [path, change])).toEqual([
    ["b.txt", "modified"],
    ["c.txt", "added"],
  ]);
});

test("nothing is nothing, and what is no diff has no files", () => {
  expect(diff("")).toEqual({ files: [], rows: [], widest: 0, left: 0 });
  expect(diff("just words\nand more").files).toEqual([]);
});

test("rows are bounded in number and length, and all lines are counted", () => {
  const many = 150_000;
  const { rows, files, widest, left } = diff(
    `--- a\n+++ a\n@@ -0,0 +1,${many} @@\n+${"x".repeat(5000)}\n${"+y\n".repeat(many - 1)}`,
  );
  expect(rows.length).toBe(100_000);
  expect(left).toBe(50_002);
  expect(widest).toBe(1_001);
  expect(files[0]?.added).toBe(many);
});
