/** One Varlink request to the bytes of all its replies, made as they are read. */
import { decodeAll } from "../../base/codec.ts";
import { Writer } from "../../base/cursor.ts";
import { DIRECTORY_LIMITS } from "../../base/limits-directory.ts";
import { describeService } from "../../machines/varlink/description.ts";
import { answerUserdb, type UserdbAsked } from "../../machines/varlink/userdb.ts";
import { terminated, VARLINK_ERROR, type VarlinkReply, varlinkCall, varlinkReply } from "../../wire/varlink/message.ts";

const VERSION = "1";
const framed = terminated(varlinkReply);

/** Throws `WireError` for what is no call: the connection cannot go on, as nobody knows what the peer waits for. */
export function* userdbAnswer(request: Uint8Array, asked: UserdbAsked): Generator<Uint8Array> {
  const call = decodeAll(varlinkCall, request);
  if (call.mode === "oneway") return;
  let writer = new Writer();
  for (const reply of call.mode === "upgrade" ? [notImplemented(call.method)] : (answerUserdb(call, asked) ?? [described(call, asked)])) {
    framed.encode(writer, reply);
    if (writer.length < DIRECTORY_LIMITS.userdbPieceBytes) continue;
    yield writer.written();
    writer = new Writer();
  }
  if (writer.length > 0) yield writer.written();
}

function described(call: Parameters<typeof describeService>[0], { note }: UserdbAsked): VarlinkReply {
  const reply = describeService(call, VERSION);
  if (reply.kind === "error") note("unknown-method");
  return reply;
}

function notImplemented(method: string): VarlinkReply {
  return { kind: "error", error: VARLINK_ERROR.methodNotImplemented, parameters: { method } };
}
