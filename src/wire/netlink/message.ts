/** Netlink framing: several messages in a datagram, acknowledgements and errors with the kernel's own words. */
import { type Codec, encodeAll } from "../../base/codec.ts";
import type { Reader, Writer } from "../../base/cursor.ts";
import { WireError } from "../../base/errors.ts";
import { type Attributes, attribute, attributeSet, hostU32, padding, skipPadding, terminated } from "./attributes.ts";
import { NLM_F, NLMSG } from "./numbers.ts";

const HEADER_BYTES = 16;

export type Frame = { readonly flags: number; readonly sequence: number; readonly port: number };
/** What the kernel says about a refusal: a sentence, and where in the request the fault lies. */
export type Note = Attributes<typeof NOTE>;
/** The header of the request an answer speaks of; `lengthBytes` counts the request with its header. */
export type RequestHeader = Frame & { readonly type: number; readonly lengthBytes: number };
/** `errno` is positive; 0 in an "error" is the acknowledgement. */
export type NetlinkMessage =
  | (Frame & { readonly kind: "data"; readonly type: number; readonly body: Uint8Array })
  | (Frame & { readonly kind: "error"; readonly errno: number; readonly request: RequestHeader; readonly echo: Uint8Array; readonly note: Note })
  | (Frame & { readonly kind: "done"; readonly errno: number; readonly note: Note })
  | (Frame & { readonly kind: "overrun" | "noop" });
export type DataMessage = Extract<NetlinkMessage, { kind: "data" }>;
/** What is asked of the kernel, before it has a sequence number. */
export type NetlinkRequest = { readonly type: number; readonly flags: number; readonly body: Uint8Array };

const NOTE = { message: attribute(1, terminated), offset: attribute(2, hostU32) };
const note = attributeSet(NOTE);

/** One message with its padding. */
export const netlinkMessage: Codec<NetlinkMessage> = { decode: decodeMessage, encode: encodeMessage };

/** All messages of one datagram. */
export const netlinkDatagram: Codec<readonly NetlinkMessage[]> = {
  decode: (reader) => {
    const messages: NetlinkMessage[] = [];
    while (reader.remaining > 0) messages.push(decodeMessage(reader));
    return messages;
  },
  encode: (writer, messages) => {
    for (const message of messages) encodeMessage(writer, message);
  },
};

/** The datagram that asks for `request`; answers carry its sequence number. */
export function encodeRequest(request: NetlinkRequest, sequence: number): Uint8Array {
  return encodeAll(netlinkMessage, { kind: "data", ...request, flags: request.flags | NLM_F.request, sequence, port: 0 });
}

function decodeMessage(reader: Reader): NetlinkMessage {
  const offset = reader.offset;
  const { type, lengthBytes, ...frame } = readHeader(reader);
  if (lengthBytes < HEADER_BYTES) throw new WireError("bad-length", offset);
  const body = reader.sub(lengthBytes - HEADER_BYTES);
  skipPadding(reader, lengthBytes);
  if (type >= NLMSG.firstData) return { kind: "data", ...frame, type, body: body.rest() };
  switch (type) {
    case NLMSG.error:
      return { kind: "error", ...frame, ...readError(body, frame.flags) };
    case NLMSG.done: {
      const errno = body.remaining === 0 ? 0 : readErrno(body);
      return { kind: "done", ...frame, errno, note: readNote(body, frame.flags) };
    }
    case NLMSG.overrun:
    case NLMSG.noop:
      return { kind: type === NLMSG.noop ? "noop" : "overrun", ...frame };
    default:
      throw new WireError("unsupported", offset + 4);
  }
}

function encodeMessage(writer: Writer, message: NetlinkMessage): void {
  const start = writer.length;
  writeHeader(writer, { ...message, type: message.kind === "data" ? message.type : NLMSG[message.kind], lengthBytes: 0 });
  switch (message.kind) {
    case "data":
      writer.bytes(message.body);
      break;
    case "error":
      writer.hostU32(-message.errno);
      writeHeader(writer, message.request);
      writer.bytes(message.echo);
      writer.zeros(padding(message.echo.length));
      note.encode(writer, message.note);
      break;
    case "done":
      writer.hostU32(-message.errno);
      note.encode(writer, message.note);
      break;
    case "overrun":
    case "noop":
      break;
  }
  const length = writer.length - start;
  writer.patchHostU32(start, length);
  writer.zeros(padding(length));
}

function readHeader(reader: Reader): RequestHeader {
  return { lengthBytes: reader.hostU32(), type: reader.hostU16(), flags: reader.hostU16(), sequence: reader.hostU32(), port: reader.hostU32() };
}

function writeHeader(writer: Writer, header: RequestHeader): void {
  writer.hostU32(header.lengthBytes);
  writer.hostU16(header.type);
  writer.hostU16(header.flags);
  writer.hostU32(header.sequence);
  writer.hostU32(header.port);
}

/** The request is repeated in full unless the answer is capped. */
function readError(body: Reader, flags: number): { errno: number; request: RequestHeader; echo: Uint8Array; note: Note } {
  const errno = readErrno(body);
  const offset = body.offset;
  const request = readHeader(body);
  const echoed = (flags & NLM_F.capped) === 0;
  if (echoed && request.lengthBytes < HEADER_BYTES) throw new WireError("bad-length", offset);
  const echo = body.bytes(echoed ? request.lengthBytes - HEADER_BYTES : 0);
  skipPadding(body, echo.length);
  return { errno, request, echo, note: readNote(body, flags) };
}

function readNote(body: Reader, flags: number): Note {
  if ((flags & NLM_F.ackAttributes) !== 0) return note.decode(body);
  body.finish();
  return {};
}

/** The kernel writes errors as negative numbers. */
function readErrno(body: Reader): number {
  const offset = body.offset;
  const value = body.hostU32() | 0;
  if (value > 0) throw new WireError("bad-value", offset);
  return value === 0 ? 0 : -value;
}
