/** Makes changed messages whole again where a receiver looks first, so that what was changed further in is reached. */
import { type Duid, duidBytes } from "../../src/base/duid.ts";
import { Reader, Writer } from "../../src/base/cursor.ts";

const CLIENT_ID = 1;
const SERVER_ID = 2;
const RELAY_MESSAGE = 9;
const RELAYED = [12, 13];
const RELAY_HEADER_BYTES = 34;
const HEADER_BYTES = 4;
const DEPTH = 12;

export type Dhcp6Repair = {
  readonly transactionId?: number;
  /** undefined: none stands there. */
  readonly clientId?: Duid | undefined;
  /** By the kind of message: many must name a server, others must not. */
  readonly serverId?: (type: number) => Duid | undefined;
  /** Instead of the kind that stands there. */
  readonly type?: number;
};

/** DHCPv6: every option of the outer levels is as long as it says, and transaction and identifiers are those that are waited for. */
export function repairedDhcp6(bytes: Uint8Array, repair: Dhcp6Repair, depth = 0): Uint8Array {
  const relayed = RELAYED.includes(bytes[0] ?? 0) && depth < DEPTH;
  const headBytes = relayed ? RELAY_HEADER_BYTES : HEADER_BYTES;
  const head = new Uint8Array(headBytes);
  head.set(bytes.subarray(0, headBytes));
  const writer = new Writer(bytes.length + 128);
  if (relayed) writer.bytes(head);
  else {
    const type = repair.type ?? head[0] ?? 0;
    writer.u8(type);
    writer.u8((repair.transactionId ?? 0) >>> 16);
    writer.u16((repair.transactionId ?? 0) & 0xffff);
    writeId(writer, CLIENT_ID, repair.clientId);
    writeId(writer, SERVER_ID, repair.serverId?.(type));
  }
  const reader = new Reader(bytes.subarray(Math.min(headBytes, bytes.length)));
  while (reader.remaining >= HEADER_BYTES) {
    const code = reader.u16();
    const body = reader.bytes(Math.min(reader.u16(), reader.remaining));
    if (!relayed && (code === CLIENT_ID || code === SERVER_ID)) continue;
    writeOption(writer, code, relayed && code === RELAY_MESSAGE ? repairedDhcp6(body, repair, depth + 1) : body);
  }
  return writer.take();
}

function writeId(writer: Writer, code: number, duid: Duid | undefined): void {
  if (duid !== undefined) writeOption(writer, code, duidBytes(duid));
}

function writeOption(writer: Writer, code: number, body: Uint8Array): void {
  writer.u16(code);
  writer.u16(body.length);
  writer.bytes(body);
}

/** LDAP: a message with the length it has, and with the id that is waited for. What cannot be told apart stays. */
export function repairedLdap(bytes: Uint8Array, id: number): Uint8Array {
  const first = bytes[1] ?? 0;
  const inner = bytes.subarray(first < 0x80 ? 2 : 2 + (first & 0x7f));
  const operation = inner[0] === 2 ? inner.subarray(2 + (inner[1] ?? 0)) : inner;
  const length = operation.length + 4;
  const whole = new Uint8Array(length + 6);
  whole.set([0x30, 0x84, 0, length >> 16, length >> 8, length, 2, 2, id >> 8, id]);
  whole.set(operation, whole.length - operation.length);
  return whole;
}
