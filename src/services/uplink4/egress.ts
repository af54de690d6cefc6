/** From a message to the octets that leave: options that no record may hold are added here, and nowhere else. */
import { fromHex } from "../../base/hex.ts";
import type { SentOption } from "../../machines/dhcp4-client/config.ts";
import type { SendEffect } from "../../machines/dhcp4-client/state.ts";
import { encodeDhcp4 } from "../../wire/dhcp4/message.ts";
import type { Uplink4Interface } from "./config.ts";

/** RFC 1349's low delay, as DHCP clients have always sent it. */
const LOW_DELAY = 0x10;

/** Secrets go where something is asked for; not into RELEASE and DECLINE, and never where nothing is to tell this host from others. */
export function payloadOf({ message, order }: SendEffect, { anonymous }: Uplink4Interface, secrets: readonly SentOption[]): Uint8Array {
  const asks = message.options.parameterRequestList !== undefined && !anonymous;
  const secret = secrets.map(({ code, hex }) => ({ code, bytes: fromHex(hex) ?? new Uint8Array(0) }));
  return encodeDhcp4(asks ? { ...message, unknown: [...message.unknown, ...secret] } : message, { order });
}

/** The octet of the IP header: the operator's DSCP (RFC 2474 §3). */
export function tosOf({ dscp }: Uplink4Interface): number {
  return dscp === undefined ? LOW_DELAY : dscp << 2;
}
