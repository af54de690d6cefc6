/** Connections to a simulated LDAP server: bytes arrive in pieces, late, or not any more. TLS is taken on trust. */
import { instant } from "../../base/time.ts";
import type { StreamHandlers, StreamTarget, TlsStream, TlsStreams } from "../../ports/tls-streams.ts";
import type { LdapDirectory } from "../actors/ldap-directory.ts";
import type { Chance } from "../chance.ts";
import type { Timeline } from "../clock.ts";

export type StreamFaults = { readonly refusesPerMille: number; readonly breaksPerMille: number; readonly delayMs: number };
export const NO_STREAM_FAULTS: StreamFaults = { refusesPerMille: 0, breaksPerMille: 0, delayMs: 0 };

const LEAST_DELAY_MS = 0.2;
const PIECE_BYTES = 1400;

export class LdapStreams implements TlsStreams {
  faults: StreamFaults = NO_STREAM_FAULTS;
  readonly #timeline: Timeline;
  readonly #chance: Chance;
  readonly #directory: LdapDirectory;

  constructor(timeline: Timeline, chance: Chance, directory: LdapDirectory) {
    this.#timeline = timeline;
    this.#chance = chance;
    this.#directory = directory;
  }

  connect(_target: StreamTarget, handlers: StreamHandlers): TlsStream {
    const { refusesPerMille, breaksPerMille } = this.faults;
    const conversation = this.#directory.connect();
    const queue: (() => void)[] = [];
    let open = true;
    let paused = false;
    let busy = false;
    const pump = (): void => {
      if (busy || paused || !open || queue.length === 0) return;
      busy = true;
      this.#later(() => {
        busy = false;
        const next = paused ? undefined : queue.shift();
        if (open) next?.();
        pump();
      });
    };
    const happen = (event: () => void): void => {
      queue.push(event);
      pump();
    };
    const end = (event: () => void): void =>
      happen(() => {
        open = false;
        event();
      });
    if (this.#chance.perMille(refusesPerMille)) end(() => handlers.failed("connect", "refused"));
    else happen(() => handlers.connected());
    return {
      send: (bytes) => {
        const { bytes: answers, ends } = conversation.heard(bytes.slice());
        if (this.#chance.perMille(breaksPerMille)) return end(() => handlers.failed("broken", "reset"));
        for (const piece of answers.flatMap((answer) => this.#pieces(answer))) happen(() => handlers.received(piece));
        if (ends) end(() => handlers.closed());
      },
      startTls: () => happen(() => handlers.secured()),
      pause: () => {
        paused = true;
      },
      resume: () => {
        paused = false;
        pump();
      },
      close: () => {
        open = false;
      },
    };
  }

  #pieces(bytes: Uint8Array): readonly Uint8Array[] {
    const pieces: Uint8Array[] = [];
    for (let at = 0; at < bytes.length; ) {
      const length = 1 + this.#chance.below(PIECE_BYTES);
      pieces.push(bytes.slice(at, at + length));
      at += length;
    }
    return pieces;
  }

  #later(run: () => void): void {
    this.#timeline.schedule(instant(this.#timeline.now + LEAST_DELAY_MS + this.#chance.between(0, this.faults.delayMs)), run);
  }
}
