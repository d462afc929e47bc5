/** Reads something that grows to its end, a part after the other, and goes on when there is more. */

export interface ReaderOptions {
  /** Reads some bytes from an offset on; none if there are no more yet. */
  read: (from: number) => Promise<Uint8Array>;
  take: (bytes: Uint8Array) => void;
  /** Called after each piece, and when an error comes or goes. */
  changed: () => void;
  /** Lets the screen be drawn between two pieces. */
  pause: () => Promise<void>;
}

/** Bytes that are taken between two pauses. */
export const PIECE = 128 << 10;

export class Reader {
  offset: number;
  error: unknown = null;
  #end = 0;
  #busy = false;
  #stopped = false;
  readonly #options: ReaderOptions;

  constructor(from: number, options: ReaderOptions) {
    this.offset = from;
    this.#options = options;
  }

  /** There is so much of it by now. */
  reach(end: number): void {
    this.#end = Math.max(this.#end, end);
    this.#stopped = false;
    if (this.error === null) void this.#read();
  }

  /** Tries again after an error. */
  again(): void {
    this.error = null;
    this.#options.changed();
    void this.#read();
  }

  stop(): void {
    this.#stopped = true;
  }

  async #read(): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    try {
      while (this.offset < this.#end && !this.#stopped) {
        const bytes = await this.#options.read(this.offset);
        if (bytes.length === 0) break;
        for (let at = 0; at < bytes.length && !this.#stopped; at += PIECE) {
          const piece = bytes.subarray(at, at + PIECE);
          this.#options.take(piece);
          this.offset += piece.length;
          this.#options.changed();
          await this.#options.pause();
        }
      }
    } catch (error) {
      if (!this.#stopped) this.error = error;
      this.#options.changed();
    } finally {
      this.#busy = false;
    }
  }
}
