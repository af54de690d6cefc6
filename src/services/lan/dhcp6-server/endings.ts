/** Leases that clients give back or find in use (RFC 9915 §18.3.7, §18.3.8): what is not theirs is left alone. */
import { LIMITS } from "../../../base/limits.ts";
import type { ReplyBatch } from "./batch.ts";
import type { Seeker } from "./seeker.ts";
import { OPTION } from "./codes.ts";
import type { IaWriter } from "./ia-writer.ts";
import type { Ledger } from "./ledger.ts";

export type Ending = "release" | "decline";

export class Endings {
  readonly #ledger: Ledger;
  readonly #writer: IaWriter;
  readonly #rows = new Int32Array(LIMITS.leasesPerClient);
  readonly #address = new Uint8Array(16);

  constructor(ledger: Ledger, writer: IaWriter) {
    this.#ledger = ledger;
    this.#writer = writer;
  }

  /** Ends what one association names of its own; one without any lease is told so. @param room leases that may end @returns how many did */
  end(seeker: Seeker, ending: Ending, room: number, out: ReplyBatch): number {
    const { message, ia } = seeker;
    const code = message.iaCodes[ia] ?? 0;
    if (ending === "decline" && code !== OPTION.iaNa) return 0; // delegated prefixes cannot be declined
    if (ia >= LIMITS.iasPerMessage || (message.hintCounts[ia] ?? 0) > LIMITS.hintsPerIa || room < LIMITS.hintsPerIa) {
      this.#writer.refused(out, message, ia, "unspecFail");
      return 0;
    }
    const count = this.#gather(seeker);
    if (count === 0) {
      this.#writer.refused(out, message, ia, "noBinding");
      return 0;
    }
    let ended = 0;
    for (let hint = 0; hint < message.hintsKept(ia); hint++) {
      const length = message.copyHint(ia, hint, this.#address);
      const row = length === -1 ? -1 : this.#owned(count, this.#address, 0, length, seeker.now);
      if (row === -1) continue;
      this.#end(row, seeker, ending, out);
      ended++;
    }
    return ended;
  }

  #end(row: number, { link, now, direct }: Seeker, ending: Ending, out: ReplyBatch): void {
    if (ending === "decline") {
      this.#ledger.decline(row, now, out);
      return;
    }
    if (direct) out.routeEnds(this.#ledger.table, row, link.index);
    this.#ledger.release(row, now, out);
  }

  #gather({ link, message, ia, now }: Seeker): number {
    const { table } = this.#ledger;
    const { bytes, clientIdAt, clientIdLength } = message;
    let count = 0;
    let row = table.find(link.identity.number, message.iaCodes[ia] ?? 0, message.iaids[ia] ?? 0, bytes, clientIdAt, clientIdLength);
    while (row !== -1 && count < LIMITS.leasesPerClient) {
      if (this.#ledger.isBound(row, now)) this.#rows[count++] = row;
      row = table.next(row);
    }
    return count;
  }

  /** The row that names exactly this, as long as it is bound: a hint that stands there twice ends it once. */
  #owned(count: number, bytes: Uint8Array, at: number, length: number, now: number): number {
    for (let i = 0; i < count; i++) {
      const row = this.#rows[i] ?? 0;
      if (this.#ledger.isBound(row, now) && this.#ledger.table.isAddress(row, bytes, at, length)) return row;
    }
    return -1;
  }
}
