/** A document on its way from the screen where it was dropped to the one that imports it. */

let waiting: File | null = null;

/** Leaves a document for the next screen. */
export function handOver(file: File): void {
  waiting = file;
}

/** Takes the document, once. */
export function takeOver(): File | null {
  const file = waiting;
  waiting = null;
  return file;
}
