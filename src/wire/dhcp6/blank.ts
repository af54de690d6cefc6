/**
 * A datagram as it came, with zeros where secrets stood: lengths stay, so that whoever reads it in place, and never looks at a
 * secret, reads the same. What cannot be told apart is zeroed with them.
 */
import { LIMITS } from "../../base/limits.ts";
import { everyOption, OPTIONS } from "./options.ts";

const HEADER_BYTES = 4;
const RELAY_HEADER_BYTES = 34;
const OPTION_BYTES = 4;
/** Relay-forward and Relay-reply (RFC 9915 §9). */
const RELAYED: readonly number[] = [12, 13];
const SECRET: ReadonlySet<number> = new Set(
  everyOption()
    .filter(({ secret }) => secret)
    .map(({ code }) => code),
);

/** @returns a copy */
export function withoutSecretOctets(datagram: Uint8Array): Uint8Array {
  const bytes = datagram.slice();
  blank(bytes, 0);
  return bytes;
}

function blank(bytes: Uint8Array, depth: number): void {
  const headBytes = RELAYED.includes(bytes[0] ?? 0) ? RELAY_HEADER_BYTES : HEADER_BYTES;
  for (let at = headBytes; at < bytes.length; ) {
    const code = ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
    const length = ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0);
    const value = bytes.subarray(at + OPTION_BYTES, at + OPTION_BYTES + length);
    if (value.length < length || SECRET.has(code)) value.fill(0);
    else if (code === OPTIONS.relayMessage.code && depth < LIMITS.relayLevels) blank(value, depth + 1);
    else if (code === OPTIONS.relayMessage.code) value.fill(0);
    at += OPTION_BYTES + length;
  }
}
