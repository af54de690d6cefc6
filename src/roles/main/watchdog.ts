/**
 * Whether a role still answers. Every name that this machine does not know is asked of the directory: one that is there and says nothing
 * keeps each lookup waiting, 25 seconds over NIS and 45 over systemd's sockets, and nobody else would end it.
 */

const PERIOD_MS = 5000;
/** Questions, not seconds: a machine that slept is not a role that hangs. */
const MISSED_MAX = 3;

export type Watched = {
  /** @returns false where there is nobody to be asked */
  readonly ask: () => boolean;
  readonly end: () => void;
};

export class Watchdog {
  readonly #watched: Watched;
  #timer: NodeJS.Timeout | undefined;
  #missed = 0;

  constructor(watched: Watched) {
    this.#watched = watched;
  }

  /** Another one is there. */
  begin(): void {
    this.#missed = 0;
    this.#timer ??= setInterval(() => this.#look(), PERIOD_MS).unref();
  }

  heard(): void {
    this.#missed = 0;
  }

  #look(): void {
    if (this.#missed < MISSED_MAX) {
      if (this.#watched.ask()) this.#missed++;
      return;
    }
    this.#missed = 0;
    this.#watched.end();
  }
}
