/** Seals a secret to the server's public key, as libsodium's `crypto_box_seal` does; only the server can open it. */

/** The libraries behind it are fetched when a secret is first sealed: few people ever do. */
export async function seal(secret: string, publicKeyBase64: string): Promise<string> {
  const [{ default: nacl }, { blake2b }] = await Promise.all([import("tweetnacl"), import("@noble/hashes/blake2.js")]);
  const theirs = fromBase64(publicKeyBase64);
  if (theirs.length !== nacl.box.publicKeyLength) throw new Error("the server's sealing key is not an X25519 key");
  const ours = nacl.box.keyPair();
  // The nonce is a hash of both public keys: https://doc.libsodium.org/public-key_cryptography/sealed_boxes
  const nonce = blake2b(concat(ours.publicKey, theirs), { dkLen: nacl.box.nonceLength });
  const box = nacl.box(new TextEncoder().encode(secret), nonce, theirs, ours.secretKey);
  ours.secretKey.fill(0);
  return toBase64(concat(ours.publicKey, box));
}

function concat(left: Uint8Array, right: Uint8Array): Uint8Array {
  const both = new Uint8Array(left.length + right.length);
  both.set(left);
  both.set(right, left.length);
  return both;
}

function fromBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

function toBase64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes));
}
