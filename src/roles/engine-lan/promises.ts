/** Persist, then promise: answers that hold a promise wait in an outbox of their own until the journal is on disk. */
import { Outbox, type ServerSockets } from "../../platform/server-sockets.ts";
import type { LeaseJournal } from "../../services/leases/journal.ts";
import { Counters } from "../../services/counters.ts";
import type { ReplyBatch } from "../../services/lan/dhcp6-server/batch.ts";

/** Outboxes that may wait at once; with all of them waiting nothing is read until the disk has caught up. */
const OUTBOXES = 16;

type Sockets = Pick<ServerSockets, "pause" | "descriptor">;

export class Promises {
  readonly #sockets: Sockets;
  readonly #journal: LeaseJournal;
  readonly #now = new Outbox();
  readonly #free: Outbox[] = [];
  #made = 0;
  #waiting = 0;
  #paused = false;
  /** What came when the journal had no room: not said and not written, and clients ask again. */
  readonly dropped = new Counters();

  constructor(sockets: Sockets, journal: LeaseJournal) {
    this.#sockets = sockets;
    this.#journal = journal;
  }

  /** Whether all of a batch would be taken now. */
  get takesMore(): boolean {
    return !this.#paused;
  }

  /** Takes all of a batch: offers go at once, promises when they are durable. */
  take(out: ReplyBatch): void {
    if (out.images > 0 && !this.#journal.append(out.journal, 0, out.journalEnd)) return this.#drop(out);
    let held: Outbox | undefined;
    for (let row = 0; row < out.count; row++) {
      if (out.held[row] !== 1) this.#add(this.#now, out, row);
      else {
        held ??= this.#outbox();
        this.#add(held, out, row);
      }
    }
    this.#now.send(this.#sockets);
    if (held !== undefined) this.#hold(held);
    else if (out.images > 0) this.#journal.settled(() => this.#resume()); // nobody waits for it, and it is written all the same
    this.#pauseIf(out.journal.length);
  }

  #drop(out: ReplyBatch): void {
    this.dropped.add("answers", out.count);
    this.dropped.add("changes", out.images);
    this.#pauseIf(out.journal.length);
  }

  #hold(outbox: Outbox): void {
    this.#waiting++;
    this.#journal.settled(() => {
      this.#waiting--;
      outbox.send(this.#sockets);
      this.#free.push(outbox);
      this.#resume();
    });
  }

  #resume(): void {
    if (this.#paused) this.#pauseIf(0);
  }

  /** What the next batch may need is kept free. */
  #pauseIf(journalBytes: number): void {
    const full = this.#waiting >= OUTBOXES || this.#journal.room < journalBytes;
    if (full === this.#paused) return;
    this.#paused = full;
    this.#sockets.pause(full);
  }

  #add(outbox: Outbox, out: ReplyBatch, row: number): void {
    if (outbox.isFull) outbox.send(this.#sockets);
    outbox.add(out, row);
  }

  #outbox(): Outbox {
    this.#made += this.#free.length === 0 ? 1 : 0;
    return this.#free.pop() ?? new Outbox();
  }
}
