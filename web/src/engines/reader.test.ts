/** The rules of reading what grows. */
import { expect, test } from "vitest";
import { PIECE, Reader } from "./reader";

function set(whole: () => Uint8Array, atOnce = 1 << 20) {
  const taken: number[] = [];
  const asked: number[] = [];
  let refuse: Error | null = null;
  const reader = new Reader(0, {
    read: async (from) => {
      asked.push(from);
      if (refuse) throw refuse;
      return whole().subarray(from, from + atOnce);
    },
    take: (bytes) => taken.push(bytes.length),
    changed: () => undefined,
    pause: async () => undefined,
  });
  return { reader, taken, asked, refuse: (error: Error | null) => (refuse = error) };
}

const settled = async () => {
  for (let turn = 0; turn < 200; turn++) await Promise.resolve();
};

test("what is there is read once, a part after the other, and taken in pieces", async () => {
  const { reader, taken, asked } = set(() => new Uint8Array(PIECE * 3 + 7), PIECE * 2);
  reader.reach(PIECE * 3 + 7);
  reader.reach(PIECE * 3 + 7);
  await settled();
  expect(asked).toEqual([0, PIECE * 2]);
  expect(taken).toEqual([PIECE, PIECE, PIECE, 7]);
});

test("what comes later is read from where the last part ended", async () => {
  let length = 10;
  const { reader, asked } = set(() => new Uint8Array(length));
  reader.reach(10);
  await settled();
  reader.reach(10);
  await settled();
  length = 25;
  reader.reach(25);
  await settled();
  expect(asked).toEqual([0, 10]);
  expect(reader.offset).toBe(25);
});

test("an error stops it until somebody wants it again, and nothing is read twice", async () => {
  const { reader, asked, refuse } = set(() => new Uint8Array(10));
  refuse(new Error("away"));
  reader.reach(10);
  await settled();
  expect(reader.error).toEqual(new Error("away"));
  reader.reach(12);
  await settled();
  expect(asked).toEqual([0]);
  refuse(null);
  reader.again();
  await settled();
  expect(reader.error).toBeNull();
  expect(reader.offset).toBe(10);
});

test("once it is stopped nothing more is taken", async () => {
  const { reader, taken } = set(() => new Uint8Array(PIECE * 4));
  reader.reach(PIECE * 4);
  reader.stop();
  await settled();
  expect(taken).toEqual([]);
});
