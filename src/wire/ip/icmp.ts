/** ICMP echo (RFC 792): the question whether an address answers. */
import { Reader, Writer } from "../../base/cursor.ts";
import { WireError } from "../../base/errors.ts";
import { checksum } from "./checksum.ts";

export type IcmpEcho = {
  readonly kind: "echoRequest" | "echoReply";
  readonly identifier: number;
  readonly sequence: number;
  readonly data: Uint8Array;
};

const TYPES = { echoReply: 0, echoRequest: 8 } as const;
const CHECKSUM_AT = 2;

export function encodeEcho(echo: IcmpEcho): Uint8Array {
  const writer = new Writer(8 + echo.data.length);
  writer.u8(TYPES[echo.kind]);
  writer.u8(0);
  writer.u16(0);
  writer.u16(echo.identifier);
  writer.u16(echo.sequence);
  writer.bytes(echo.data);
  writer.patchU16(CHECKSUM_AT, checksum(writer.written()));
  return writer.take();
}

/** Any other ICMP message is `unsupported`. */
export function decodeEcho(bytes: Uint8Array): IcmpEcho {
  const reader = new Reader(bytes);
  const type = reader.u8();
  const code = reader.u8();
  reader.skip(2); // checksum, judged over the whole message
  const echo = { identifier: reader.u16(), sequence: reader.u16(), data: reader.rest() };
  if (checksum(bytes) !== 0) throw new WireError("bad-checksum", CHECKSUM_AT);
  if (code !== 0) throw new WireError("unsupported", 1);
  if (type === TYPES.echoRequest) return { kind: "echoRequest", ...echo };
  if (type === TYPES.echoReply) return { kind: "echoReply", ...echo };
  throw new WireError("unsupported", 0);
}
