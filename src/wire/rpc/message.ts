/** ONC RPC version 2 (RFC 5531 §9): calls and replies around the bytes of a program's own arguments and results. */
import type { Codec } from "../../base/codec.ts";
import type { Reader, Writer } from "../../base/cursor.ts";
import { absurd, WireError } from "../../base/errors.ts";
import { type Credential, credential, NO_CREDENTIAL } from "./credential.ts";

export type RpcMessage = RpcCall | ForeignCall | RpcReply;
export type RpcCall = {
  readonly kind: "call";
  readonly xid: number;
  readonly program: number;
  readonly version: number;
  readonly procedure: number;
  readonly credential: Credential;
  readonly verifier: Credential;
  readonly argument: Uint8Array;
};
/** A call in another version of RPC: answered with `rpcMismatch`. */
export type ForeignCall = { readonly kind: "foreignCall"; readonly xid: number; readonly rpcVersion: number; readonly rest: Uint8Array };
export type RpcReply =
  | (Accepted & { readonly kind: "success"; readonly result: Uint8Array })
  | (Accepted & { readonly kind: "programUnavailable" | "procedureUnavailable" | "garbageArguments" | "systemError" })
  | (Accepted & { readonly kind: "programMismatch"; readonly low: number; readonly high: number })
  | { readonly kind: "rpcMismatch"; readonly xid: number; readonly low: number; readonly high: number }
  /** `why` is an AUTH_STAT of RFC 5531. */
  | { readonly kind: "authError"; readonly xid: number; readonly why: number };
type Accepted = { readonly xid: number; readonly verifier: Credential };

export const RPC_VERSION = 2;
export const AUTH_STAT = { badCredential: 1, rejectedCredential: 2, badVerifier: 3, rejectedVerifier: 4, tooWeak: 5 } as const;

const CALL = 0;
const REPLY = 1;
const ACCEPTED = 0;
const DENIED = 1;
const ACCEPT_STATUS = ["success", "programUnavailable", "programMismatch", "procedureUnavailable", "garbageArguments", "systemError"] as const;
const REJECT_STATUS = ["rpcMismatch", "authError"] as const;

/** A whole datagram or record; arguments and results are what is left. */
export const rpcMessage: Codec<RpcMessage> = {
  decode: (reader) => {
    const xid = reader.u32();
    return oneOf(reader, [CALL, REPLY]) === CALL ? readCall(reader, xid) : readReply(reader, xid);
  },
  encode: (writer, message) => {
    writer.u32(message.xid);
    if (message.kind === "call" || message.kind === "foreignCall") writeCall(writer, message);
    else writeReply(writer, message);
  },
};

/** The reply that a call gets when all is well; no verifier, as every flavour we accept wants it. */
export function success(xid: number, result: Uint8Array): RpcReply {
  return { kind: "success", xid, verifier: NO_CREDENTIAL, result };
}

function readCall(reader: Reader, xid: number): RpcCall | ForeignCall {
  const rpcVersion = reader.u32();
  if (rpcVersion !== RPC_VERSION) return { kind: "foreignCall", xid, rpcVersion, rest: reader.rest() };
  return {
    kind: "call",
    xid,
    program: reader.u32(),
    version: reader.u32(),
    procedure: reader.u32(),
    credential: credential.decode(reader),
    verifier: credential.decode(reader),
    argument: reader.rest(),
  };
}

function writeCall(writer: Writer, call: RpcCall | ForeignCall): void {
  writer.u32(CALL);
  if (call.kind === "foreignCall") {
    writer.u32(call.rpcVersion);
    return writer.bytes(call.rest);
  }
  writer.u32(RPC_VERSION);
  writer.u32(call.program);
  writer.u32(call.version);
  writer.u32(call.procedure);
  credential.encode(writer, call.credential);
  credential.encode(writer, call.verifier);
  writer.bytes(call.argument);
}

function readReply(reader: Reader, xid: number): RpcReply {
  if (oneOf(reader, [ACCEPTED, DENIED]) === DENIED) {
    const kind = oneOf(reader, [0, 1]) === 0 ? REJECT_STATUS[0] : REJECT_STATUS[1];
    return kind === "authError" ? { kind, xid, why: reader.u32() } : { kind, xid, low: reader.u32(), high: reader.u32() };
  }
  const verifier = credential.decode(reader);
  const offset = reader.offset;
  const kind = ACCEPT_STATUS[reader.u32()];
  switch (kind) {
    case undefined:
      throw new WireError("bad-value", offset);
    case "success":
      return { kind, xid, verifier, result: reader.rest() };
    case "programMismatch":
      return { kind, xid, verifier, low: reader.u32(), high: reader.u32() };
    default:
      return { kind, xid, verifier };
  }
}

function writeReply(writer: Writer, reply: RpcReply): void {
  writer.u32(REPLY);
  switch (reply.kind) {
    case "rpcMismatch":
      writer.u32(DENIED);
      writer.u32(REJECT_STATUS.indexOf(reply.kind));
      writer.u32(reply.low);
      return writer.u32(reply.high);
    case "authError":
      writer.u32(DENIED);
      writer.u32(REJECT_STATUS.indexOf(reply.kind));
      return writer.u32(reply.why);
    case "success":
      writeAccepted(writer, reply);
      return writer.bytes(reply.result);
    case "programMismatch":
      writeAccepted(writer, reply);
      writer.u32(reply.low);
      return writer.u32(reply.high);
    case "programUnavailable":
    case "procedureUnavailable":
    case "garbageArguments":
    case "systemError":
      return writeAccepted(writer, reply);
    default:
      return absurd(reply);
  }
}

function writeAccepted(writer: Writer, { verifier, kind }: Extract<RpcReply, Accepted>): void {
  writer.u32(ACCEPTED);
  credential.encode(writer, verifier);
  writer.u32(ACCEPT_STATUS.indexOf(kind));
}

function oneOf(reader: Reader, allowed: readonly number[]): number {
  const offset = reader.offset;
  const value = reader.u32();
  if (!allowed.includes(value)) throw new WireError("bad-value", offset);
  return value;
}
