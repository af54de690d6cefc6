/** An RPC server's side of one call (RFC 5531 §9): which program is meant, and what it is told when there is none. */
import { decodeAll, encodeAll } from "../../base/codec.ts";
import { Writer } from "../../base/cursor.ts";
import { WireError } from "../../base/errors.ts";
import { LIMITS } from "../../base/limits.ts";
import { AUTH_STAT, RPC_VERSION, type RpcCall, type RpcReply, rpcMessage, success } from "../../wire/rpc/message.ts";
import { fragmentHeader, recordOf } from "../../wire/rpc/records.ts";
import { NO_CREDENTIAL } from "../../wire/rpc/credential.ts";
import type { ProgramAnswer, RpcProgram, SilenceReason } from "./program.ts";

export type RpcOutcome =
  | { readonly kind: "reply"; readonly reply: RpcReply }
  | { readonly kind: "pieces"; readonly head: RpcReply; readonly pieces: Iterable<Uint8Array> }
  /** Nothing is sent. `malformed`: an answer to what is no call could be used against a third party. */
  | { readonly kind: "silence"; readonly reason: SilenceReason | "malformed" | "not-a-call" };

/** @param bytes one whole message; never throws, whatever they are */
export function answerRpc(bytes: Uint8Array, programs: readonly RpcProgram[]): RpcOutcome {
  const message = readOrUndefined(() => decodeAll(rpcMessage, bytes));
  if (message === undefined) return { kind: "silence", reason: "malformed" };
  if (message.kind === "foreignCall") return reply({ kind: "rpcMismatch", xid: message.xid, low: RPC_VERSION, high: RPC_VERSION });
  if (message.kind !== "call") return { kind: "silence", reason: "not-a-call" };
  if (message.credential.kind === "unknown") return reply({ kind: "authError", xid: message.xid, why: AUTH_STAT.rejectedCredential });
  const known = programs.find(({ program }) => program === message.program);
  const accepted = { xid: message.xid, verifier: NO_CREDENTIAL };
  if (known === undefined) return reply({ kind: "programUnavailable", ...accepted });
  const { low, high } = known;
  if (message.version < low || message.version > high) return reply({ kind: "programMismatch", ...accepted, low, high });
  return outcomeOf(message, readOrUndefined(() => known.answer(message)) ?? { kind: "garbageArguments" });
}

/** An answer of any length as one record: fragments of bounded size, made when they are asked for (RFC 5531 §11). */
export function* recordPieces(outcome: Exclude<RpcOutcome, { kind: "silence" }>): Generator<Uint8Array> {
  if (outcome.kind === "reply") return yield recordOf(encodeAll(rpcMessage, outcome.reply));
  let gathered = new Writer(LIMITS.rpcFragmentBytes);
  rpcMessage.encode(gathered, outcome.head);
  for (const piece of outcome.pieces) {
    for (let start = 0; start < piece.length; ) {
      const part = piece.subarray(start, start + LIMITS.rpcFragmentBytes - gathered.length);
      gathered.bytes(part);
      start += part.length;
      if (gathered.length < LIMITS.rpcFragmentBytes) continue;
      yield fragment(gathered.written(), false);
      gathered = new Writer(LIMITS.rpcFragmentBytes);
    }
  }
  yield fragment(gathered.written(), true);
}

function outcomeOf({ xid }: RpcCall, answer: ProgramAnswer): RpcOutcome {
  switch (answer.kind) {
    case "silence":
      return answer;
    case "result":
      return reply(success(xid, answer.result));
    case "pieces":
      return { kind: "pieces", head: success(xid, new Uint8Array(0)), pieces: answer.pieces };
    default:
      return reply({ kind: answer.kind, xid, verifier: NO_CREDENTIAL });
  }
}

function reply(reply: RpcReply): RpcOutcome {
  return { kind: "reply", reply };
}

function fragment(bytes: Uint8Array, last: boolean): Uint8Array {
  const header = fragmentHeader({ lengthBytes: bytes.length, last });
  const whole = new Uint8Array(header.length + bytes.length);
  whole.set(header);
  whole.set(bytes, header.length);
  return whole;
}

function readOrUndefined<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof WireError) return undefined;
    throw error;
  }
}
