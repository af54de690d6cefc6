/**
 * Reconfigure messages under way (RFC 9915 §18.3.11): each client is told up to eight times, two seconds after the first time, then four,
 * and so on, until it asks for something. Those that were told equally often wait equally long, so each of the queues is in order by itself.
 */
import type { Duid } from "../../../base/duid.ts";
import { LIMITS } from "../../../base/limits.ts";
import type { TYPE } from "./codes.ts";

/** RFC 9915 §7.6: REC_TIMEOUT, REC_MAX_RC. */
const REC_TIMEOUT_SECONDS = 2;
export const REC_MAX_RC = 8;

/** What the client is told to send. */
export type ReconfigurePurpose = typeof TYPE.renew | typeof TYPE.rebind | typeof TYPE.informationRequest;
export type Told = {
  readonly link: number;
  readonly duid: Duid;
  readonly purpose: ReconfigurePurpose;
  /** The lease whose note leads to the client; -1: it has none. */
  readonly row: number;
};
type Waiting = Told & { readonly dueSeconds: number };
/** For a recording. */
export type WaitingState = Waiting & { readonly tries: number };

export class ReconfigureTries {
  /** By how often the client was told already; in the order in which their time comes. */
  readonly #queues: readonly Map<string, Waiting>[] = Array.from({ length: REC_MAX_RC + 1 }, () => new Map<string, Waiting>());
  readonly #tries = new Map<string, number>();

  get count(): number {
    return this.#tries.size;
  }

  get hasRoom(): boolean {
    return this.#tries.size < LIMITS.reconfiguresUnderWay;
  }

  /** Begins anew for a client that is told something already. */
  begin(told: Told, nowSeconds: number): void {
    const key = keyOf(told.link, told.duid);
    this.#take(key);
    this.#put(key, { ...told, dueSeconds: nowSeconds }, 0);
  }

  /** The client has asked for something. @returns what it was told, and how often, if it was */
  answered(link: number, duid: Duid): WaitingState | undefined {
    return this.#take(keyOf(link, duid));
  }

  /**
   * Shows `tell` whose time has come, at most `most`, and which time it is; what it returns says whether the message was sent. A client that cannot be told any
   * more is forgotten; one that was told eight times is shown to `givenUp`.
   */
  due(nowSeconds: number, most: number, tell: (told: Told, tries: number) => boolean, givenUp: (told: WaitingState) => void): void {
    let left = most;
    for (const [tries, queue] of this.#queues.entries()) {
      for (const [key, waiting] of queue) {
        if (waiting.dueSeconds > nowSeconds || left-- <= 0) break;
        this.#take(key);
        if (tries === REC_MAX_RC) givenUp({ ...waiting, tries });
        else if (tell(waiting, tries + 1)) this.#put(key, { ...waiting, dueSeconds: nowSeconds + REC_TIMEOUT_SECONDS * 2 ** tries }, tries + 1);
      }
    }
  }

  state(): readonly WaitingState[] {
    return this.#queues.flatMap((queue, tries) => [...queue.values()].map((waiting) => ({ ...waiting, tries })));
  }

  restore(state: readonly WaitingState[]): void {
    for (const { tries, ...waiting } of state) this.#put(keyOf(waiting.link, waiting.duid), waiting, Math.min(tries, REC_MAX_RC));
  }

  clear(): void {
    for (const queue of this.#queues) queue.clear();
    this.#tries.clear();
  }

  #put(key: string, waiting: Waiting, tries: number): void {
    this.#queues[tries]?.set(key, waiting);
    this.#tries.set(key, tries);
  }

  #take(key: string): WaitingState | undefined {
    const tries = this.#tries.get(key);
    if (tries === undefined) return undefined;
    this.#tries.delete(key);
    const waiting = this.#queues[tries]?.get(key);
    this.#queues[tries]?.delete(key);
    return waiting === undefined ? undefined : { ...waiting, tries };
  }
}

export function keyOf(link: number, duid: Duid): string {
  return `${link} ${duid}`;
}
