/** Connections that main accepted and handed over, as the port a role's service reads from. */
import type { HandedStream, StreamSource } from "../ports/streams.ts";

export class HandedStreams implements StreamSource {
  #take: ((stream: HandedStream) => void) | undefined;
  readonly #early: HandedStream[] = [];

  onStream(take: (stream: HandedStream) => void): void {
    this.#take = take;
    for (const stream of this.#early.splice(0)) take(stream);
  }

  /** A connection came; until somebody takes them, they wait. */
  hand(stream: HandedStream): void {
    if (this.#take === undefined) this.#early.push(stream);
    else this.#take(stream);
  }
}
