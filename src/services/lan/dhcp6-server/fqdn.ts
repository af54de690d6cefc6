/**
 * The client's name, told back to it (RFC 4704 §6) as it can be used: letters, digits and hyphens. Nobody is updated: N is set, and
 * O where the client wanted the server to do it (§4.1). A name that cannot be read is not told back.
 */
import type { ReplyBatch } from "./batch.ts";
import { OPTION, SIZE } from "./codes.ts";
import type { ClientMessage } from "./message.ts";

const FLAG = { serverUpdates: 1, overridden: 2, noUpdates: 4 } as const;
/** Flags, and a name in the form of RFC 1035 §3.1. */
const MOST_BYTES = 1 + 255;
const LABEL_BYTES = 63;
const HYPHEN = 0x2d;
const DOT = 0x2e;

/** @param name what the client is called where it sends none and asks for one; undefined: nobody knows */
export function writeFqdn(message: ClientMessage, name: string | undefined, out: ReplyBatch): void {
  const option = message.fqdn;
  if (option === -1) {
    if (name !== undefined && message.asksFor(OPTION.clientFqdn)) writeName(0, name, out);
    return;
  }
  const { bytes } = message;
  const at = message.valueAt(option);
  const length = message.valueLength(option);
  const flags = length === 0 ? 0 : (bytes[at] ?? 0);
  const contradicts = (flags & FLAG.serverUpdates) !== 0 && (flags & FLAG.noUpdates) !== 0;
  if (length === 0 || length > MOST_BYTES || contradicts) return;
  if (length === 1 && name !== undefined) return writeName(flags, name, out);
  const valueAt = begin(flags, out);
  if (copyLabels(bytes, at + 1, at + length, out)) out.endOption(valueAt);
  else out.end = valueAt - SIZE.option;
}

function begin(flags: number, out: ReplyBatch): number {
  const valueAt = out.option(OPTION.clientFqdn, 0);
  out.u8(FLAG.noUpdates | ((flags & FLAG.serverUpdates) !== 0 ? FLAG.overridden : 0));
  return valueAt;
}

/** As a partial name: which domain it is in is not ours to say (RFC 4704 §4.2). */
function writeName(flags: number, name: string, out: ReplyBatch): void {
  const valueAt = begin(flags, out);
  const bytes = new TextEncoder().encode(name);
  for (let start = 0; start < bytes.length; ) {
    const dot = bytes.indexOf(DOT, start);
    const end = dot === -1 ? bytes.length : dot;
    writeLabel(bytes, start, Math.min(end, start + LABEL_BYTES), out);
    start = end + 1;
  }
  out.endOption(valueAt);
}

/** @returns false where it is no name: a label that is too long or cut short, a pointer, or something behind the root */
function copyLabels(bytes: Uint8Array, start: number, end: number, out: ReplyBatch): boolean {
  const firstAt = out.end;
  for (let at = start; at < end; ) {
    const length = bytes[at++] ?? 0;
    if (length === 0) {
      if (out.end > firstAt) out.u8(0);
      return at === end && start < at - 1;
    }
    if (length > LABEL_BYTES || length > end - at) return false;
    writeLabel(bytes, at, at + length, out);
    at += length;
  }
  return true;
}

/** Whatever is no letter or digit becomes a hyphen inside, and nothing at the ends; a label of which nothing is left goes. */
function writeLabel(bytes: Uint8Array, start: number, end: number, out: ReplyBatch): void {
  const lengthAt = out.end;
  out.u8(0);
  for (let at = start; at < end; at++) {
    const octet = bytes[at] ?? 0;
    if (isLetterOrDigit(octet)) out.u8(octet);
    else if (out.end > lengthAt + 1) out.u8(HYPHEN);
  }
  while (out.bytes[out.end - 1] === HYPHEN && out.end > lengthAt + 1) out.end--;
  if (out.end === lengthAt + 1) out.end = lengthAt;
  else out.bytes[lengthAt] = out.end - lengthAt - 1;
}

function isLetterOrDigit(octet: number): boolean {
  return (octet >= 0x30 && octet <= 0x39) || (octet >= 0x41 && octet <= 0x5a) || (octet >= 0x61 && octet <= 0x7a);
}
