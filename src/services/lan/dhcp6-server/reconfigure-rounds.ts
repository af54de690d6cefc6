/**
 * Rounds through clients that are to be told to come back: every lease is looked at once, a part at a time, then the clients without
 * any. What the round wants of a client is judged when its turn comes, so a round is a few numbers however many clients there are.
 */
import type { Duid } from "../../../base/duid.ts";
import { LIMITS } from "../../../base/limits.ts";
import type { MacAddress } from "../../../base/mac.ts";
import type { ReconfigurePurpose } from "./reconfigure-tries.ts";

export type ReconfigureWish = {
  /** undefined: all links. */
  readonly link: number | undefined;
  /** undefined: all clients. */
  readonly clients: { readonly duids: readonly Duid[]; readonly macs: readonly MacAddress[] } | undefined;
  /** Only those with a lease of a prefix that is of no more use (RFC 9096 §3.5). */
  readonly onlyStale: boolean;
  /** undefined: Renew for who has leases, Information-request for who has none. */
  readonly purpose: ReconfigurePurpose | undefined;
  /** Nothing more is to be waited for. */
  readonly atOnce: boolean;
};
/** Where a round is: at a row of the table, or at a place in the book of clients without leases. */
export type Round = ReconfigureWish & {
  readonly number: number;
  readonly startsAt: number | undefined;
  readonly row: number;
  readonly place: number;
  /** Clients that are being told because of it. */
  readonly told: number;
};
type Mutable<T> = { -readonly [K in keyof T]: T[K] };
/** What became of one client: told; not meant, or told already; or it has to wait for its turn. */
export type Met = "told" | "passed" | "waits";

/** What begins a round comes in several pieces, such as the addresses of a link: the round waits for them. */
const SETTLES_SECONDS = 1;
const ROWS_AT_ONCE = 4096;

export interface Clients {
  /** Rows have numbers below it. */
  readonly rows: number;
  readonly booked: number;
  /** Tells the client of a row, or at a place of the book, if the round is meant for it. */
  row(row: number, wish: ReconfigureWish): Met;
  place(place: number, wish: ReconfigureWish): Met;
}

export class ReconfigureRounds {
  #rounds: Mutable<Round>[] = [];
  #number = 0;
  /** The latest that are over: how many they told. */
  readonly #over = new Map<number, number>();

  get count(): number {
    return this.#rounds.length;
  }

  /** The same wish again begins its round anew; with more than LIMITS.reconfigureRounds the oldest ends. @returns its number */
  add(wish: ReconfigureWish): number {
    const same = (one: ReconfigureWish): boolean =>
      one.link === wish.link && one.purpose === wish.purpose && one.onlyStale === wish.onlyStale && one.clients === wish.clients;
    const number = ++this.#number;
    const round = { ...wish, number, startsAt: undefined, row: 0, place: 0, told: 0 };
    this.#rounds = [...this.#rounds.filter((one) => !same(one)), round].slice(-LIMITS.reconfigureRounds);
    return number;
  }

  /** How far a round is that was added. */
  progress(number: number): { readonly told: number; readonly isOver: boolean } {
    const round = this.#rounds.find((one) => one.number === number);
    return { told: round?.told ?? this.#over.get(number) ?? 0, isOver: round === undefined };
  }

  /** Goes on with each round. */
  walk(nowSeconds: number, clients: Clients): void {
    let rows = ROWS_AT_ONCE;
    for (const round of this.#rounds) {
      round.startsAt ??= nowSeconds + (round.atOnce ? 0 : SETTLES_SECONDS);
      if (nowSeconds < round.startsAt) continue;
      for (; rows > 0 && round.row < clients.rows && counted(round, clients.row(round.row, round)); round.row++) rows--;
      if (round.row < clients.rows) continue;
      for (; rows > 0 && round.place < clients.booked && counted(round, clients.place(round.place, round)); round.place++) rows--;
      if (round.place >= clients.booked) this.#end(round);
    }
    this.#rounds = this.#rounds.filter(({ number }) => !this.#over.has(number));
  }

  state(): readonly Round[] {
    return this.#rounds.map((round) => ({ ...round }));
  }

  restore(rounds: readonly Round[]): void {
    this.#rounds = rounds.map((round) => ({ ...round }));
    this.#number = Math.max(this.#number, ...rounds.map(({ number }) => number));
  }

  #end({ number, told }: Round): void {
    this.#over.set(number, told);
    for (const oldest of this.#over.keys()) {
      if (this.#over.size <= LIMITS.reconfigureRounds) break;
      this.#over.delete(oldest);
    }
  }
}

/** @returns whether the round may go on */
function counted(round: Mutable<Round>, met: Met): boolean {
  if (met === "told") round.told++;
  return met !== "waits";
}
