/** Who a DHCPv4 client says it is when it is the same to DHCPv4 and DHCPv6 servers (RFC 4361). */
import { type Duid, duidBytes } from "../../base/duid.ts";
import { Writer } from "../../base/cursor.ts";
import { numberOfName } from "../../base/name-number.ts";
import { type ClientId, clientIdOf } from "../../wire/dhcp4/vendor.ts";

/** RFC 4361 §6.1. */
const TYPE_DUID = 255;

/** Type 255, the interface's IAID and the host's DUID. The IAID is made of the interface's name, by the rule that uplink6 has for its own. */
export function clientIdOfDuid(duid: Duid, name: string): ClientId {
  const writer = new Writer(140);
  writer.u8(TYPE_DUID);
  writer.u32(numberOfName(name, 32));
  writer.bytes(duidBytes(duid));
  return clientIdOf(writer.take());
}
