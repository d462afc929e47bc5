/** Keeps a project's events in order and once, and says when too much was missed to go on. */

/** An event that has a place on the project's stream. */
export interface Sequenced {
  seq: number;
}

export interface SequencerOptions<E extends Sequenced> {
  /** Told every event once, in order. */
  deliver: (event: E) => void;
  /** Told when events are missing: everything must be read anew. */
  resync: () => void;
}

/** Remembers how far the stream was read; survives reconnections, not reloads. */
export class Sequencer<E extends Sequenced> {
  private last: number | null = null;

  constructor(private readonly options: SequencerOptions<E>) {}

  /** What to say in the handshake: the last `seq` that was seen, if any was. */
  get lastSeq(): number | null {
    return this.last;
  }

  /** Takes an event: repeats are dropped, a gap asks for a resync and goes on from there. */
  accept(event: E): void {
    if (this.last !== null) {
      if (event.seq <= this.last) return;
      if (event.seq > this.last + 1) this.options.resync();
    }
    this.last = event.seq;
    this.options.deliver(event);
  }

  /** The server says that it cannot tell what was missed, and where the stream is now. */
  restart(seq: number): void {
    this.last = seq;
    this.options.resync();
  }
}
