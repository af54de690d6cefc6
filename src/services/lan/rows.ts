/** One datagram out of many: for relays, which look at few. */
import { ipv6Of } from "../../base/ipv6.ts";
import type { ArrivedRows, ReceivedDatagram } from "../../ports/datagrams.ts";

export function datagramOf(rows: ArrivedRows, row: number): ReceivedDatagram {
  const start = rows.offsets[row] ?? 0;
  return {
    from: ipv6Of(rows.addresses.slice(16 * row, 16 * row + 16)),
    port: rows.ports[row] ?? 0,
    to: ipv6Of(rows.destinations.slice(16 * row, 16 * row + 16)),
    hopLimit: 0,
    payload: rows.bytes.slice(start, start + (rows.lengths[row] ?? 0)),
  };
}
