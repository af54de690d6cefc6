/** What every RPC program answers, whatever carries it. */
import type { RpcCall } from "../../wire/rpc/message.ts";

export type Transport = "udp" | "tcp";
export type ProgramAnswer =
  | { readonly kind: "result"; readonly result: Uint8Array }
  /** A result that is too long to be built whole: pieces, one after the other, and never more than is asked for. */
  | { readonly kind: "pieces"; readonly pieces: Iterable<Uint8Array> }
  | { readonly kind: "procedureUnavailable" | "garbageArguments" | "systemError" }
  /** No answer is the answer. */
  | { readonly kind: "silence"; readonly reason: SilenceReason };
export type SilenceReason = "foreign-domain" | "not-ready";

export type RpcProgram = {
  readonly program: number;
  readonly low: number;
  readonly high: number;
  readonly answer: (call: RpcCall) => ProgramAnswer;
};
