/** The rules of sealing a secret, checked with an implementation that is not ours. */
import nacl from "tweetnacl";
import { open } from "tweetnacl-sealedbox-js";
import { expect, test } from "vitest";
import { seal } from "./sealed";

const base64 = (bytes: Uint8Array) => btoa(String.fromCharCode(...bytes));
const bytes = (text: string) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));

test("who holds the secret key can open it", async () => {
  const server = nacl.box.keyPair();
  const sealed = bytes(await seal("sk-é-1234", base64(server.publicKey)));
  expect(new TextDecoder().decode(open(sealed, server.publicKey, server.secretKey) ?? undefined)).toBe("sk-é-1234");
});

test("nobody else can, and the same secret never looks the same twice", async () => {
  const [server, stranger] = [nacl.box.keyPair(), nacl.box.keyPair()];
  const key = base64(server.publicKey);
  const [first, second] = [await seal("secret", key), await seal("secret", key)];
  expect(first).not.toBe(second);
  expect(open(bytes(first), stranger.publicKey, stranger.secretKey)).toBeNull();
});

test("a key of the wrong length is refused", async () => {
  await expect(seal("secret", btoa("short"))).rejects.toThrow(/X25519/);
});
