/** Reads server-sent events out of text that comes in arbitrary pieces, as the HTML standard's parser does. */

/** One event of a stream. */
export interface ServerSentEvent {
  /** The event's name; `message` if the stream names none. */
  name: string;
  data: string;
  /** The last id that the stream has given, which may be an earlier event's. */
  id: string;
}

/** A parser that is fed decoded text and gives the events that are complete. */
export class EventStreamParser {
  /** What to wait before a new connection, in milliseconds, when the server has said so. */
  retry: number | null = null;
  private rest = "";
  private afterCarriageReturn = false;
  private name = "";
  private data: string[] = [];
  private lastId: string;

  constructor(lastId = "") {
    this.lastId = lastId;
  }

  /** Takes the next piece of the stream. */
  feed(text: string): ServerSentEvent[] {
    const events: ServerSentEvent[] = [];
    let input = this.rest + text;
    if (this.afterCarriageReturn && input.startsWith("\n")) input = input.slice(1);
    this.afterCarriageReturn = input === "" ? this.afterCarriageReturn : false;
    let start = 0;
    for (let at = 0; at < input.length; at++) {
      const character = input[at];
      if (character !== "\n" && character !== "\r") continue;
      const event = this.line(input.slice(start, at));
      if (event) events.push(event);
      if (character === "\r") {
        // A line feed that belongs to this carriage return may come with the next piece.
        if (at + 1 === input.length) this.afterCarriageReturn = true;
        else if (input[at + 1] === "\n") at++;
      }
      start = at + 1;
    }
    this.rest = input.slice(start);
    return events;
  }

  private line(line: string): ServerSentEvent | null {
    if (line === "") return this.dispatch();
    const colon = line.indexOf(":");
    if (colon === 0) return null;
    const field = colon < 0 ? line : line.slice(0, colon);
    const raw = colon < 0 ? "" : line.slice(colon + 1);
    const value = raw.startsWith(" ") ? raw.slice(1) : raw;
    if (field === "event") this.name = value;
    else if (field === "data") this.data.push(value);
    else if (field === "id" && !value.includes("\0")) this.lastId = value;
    else if (field === "retry" && /^\d+$/.test(value)) this.retry = Number(value);
    return null;
  }

  private dispatch(): ServerSentEvent | null {
    const { name, data } = this;
    this.name = "";
    this.data = [];
    return data.length === 0 ? null : { name: name || "message", data: data.join("\n"), id: this.lastId };
  }
}
