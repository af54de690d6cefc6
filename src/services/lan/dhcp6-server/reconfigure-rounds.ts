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
};
/** Where a round is: at a row of the table, or at a place in the book of clients without leases. */
export type Round = ReconfigureWish & { readonly startsAt: number | undefined; readonly row: number; readonly place: number };
type Place = { row: number; place: number; startsAt: number | undefined };

/** What begins a round comes in several pieces, such as the addresses of a link: the round waits for them. */
const SETTLES_SECONDS = 1;
const ROWS_AT_ONCE = 4096;

export interface Clients {
  /** Rows have numbers below it. */
  readonly rows: number;
  readonly booked: number;
  /** Tells the client of a row, or at a place of the book, if the round is meant for it. @returns false when it has to wait for its turn */
  row(row: number, wish: ReconfigureWish): boolean;
  place(place: number, wish: ReconfigureWish): boolean;
}

export class ReconfigureRounds {
  #rounds: (ReconfigureWish & Place)[] = [];

  get count(): number {
    return this.#rounds.length;
  }

  /** The same wish again begins its round anew; with more than LIMITS.reconfigureRounds the oldest ends. */
  add(wish: ReconfigureWish): void {
    const same = (one: ReconfigureWish): boolean =>
      one.link === wish.link && one.purpose === wish.purpose && one.onlyStale === wish.onlyStale && one.clients === wish.clients;
    this.#rounds = [...this.#rounds.filter((one) => !same(one)), { ...wish, startsAt: undefined, row: 0, place: 0 }].slice(-LIMITS.reconfigureRounds);
  }

  /** Goes on with each round. */
  walk(nowSeconds: number, clients: Clients): void {
    let rows = ROWS_AT_ONCE;
    for (const round of this.#rounds) {
      round.startsAt ??= nowSeconds + SETTLES_SECONDS;
      if (nowSeconds < round.startsAt) continue;
      for (; rows > 0 && round.row < clients.rows && clients.row(round.row, round); round.row++) rows--;
      if (round.row < clients.rows) continue;
      for (; rows > 0 && round.place < clients.booked && clients.place(round.place, round); round.place++) rows--;
    }
    this.#rounds = this.#rounds.filter(({ row, place }) => row < clients.rows || place < clients.booked);
  }

  state(): readonly Round[] {
    return this.#rounds.map((round) => ({ ...round }));
  }

  restore(rounds: readonly Round[]): void {
    this.#rounds = rounds.map((round) => ({ ...round }));
  }
}
