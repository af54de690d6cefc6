/** Persist, then promise: answers of the server leave at once, or when what they promise is on the disk of the world. */
import { type Ipv6Address, ipv6Of } from "../../base/ipv6.ts";
import type { ReplyBatch } from "../../services/lan/dhcp6-server/batch.ts";
import type { LeaseJournal } from "../../services/leases/journal.ts";

export type Answer = { readonly link: number; readonly to: Ipv6Address; readonly port: number; readonly payload: Uint8Array };

export function promiser(journal: LeaseJournal, send: (answer: Answer) => void): (out: ReplyBatch) => void {
  return (out) => {
    if (out.images > 0 && !journal.append(out.journal, 0, out.journalEnd)) return; // not promised: the client asks again
    const held: Answer[] = [];
    for (let row = 0; row < out.count; row++) {
      const answer = answerAt(out, row);
      if (out.held[row] === 1) held.push(answer);
      else send(answer);
    }
    if (held.length > 0) journal.settled(() => held.forEach(send));
  };
}

function answerAt(out: ReplyBatch, row: number): Answer {
  const start = out.offsets[row] ?? 0;
  return {
    link: out.links[row] ?? 0,
    to: ipv6Of(out.addresses.slice(16 * row, 16 * row + 16)),
    port: out.ports[row] ?? 0,
    payload: out.bytes.slice(start, start + (out.lengths[row] ?? 0)),
  };
}
