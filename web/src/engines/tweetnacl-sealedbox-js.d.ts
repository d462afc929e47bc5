/** What the tests use of an independent implementation of sealed boxes, which brings no types. */
declare module "tweetnacl-sealedbox-js" {
  export function open(sealed: Uint8Array, publicKey: Uint8Array, secretKey: Uint8Array): Uint8Array | null;
}
