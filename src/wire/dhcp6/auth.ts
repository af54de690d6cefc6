/** Authentication, option 11 (RFC 9915 §21.11), and what the reconfigure key protocol puts into it (§20.4). Always a secret. */
import type { Codec } from "../../base/codec.ts";
import { Reader, Writer } from "../../base/cursor.ts";
import { assert } from "../../base/errors.ts";
import { fromHex, toHex } from "../../base/hex.ts";

export type Authentication = {
  readonly protocol: number;
  readonly algorithm: number;
  readonly replayMethod: number;
  /** Eight octets as hexadecimal: text compares as the numbers do. */
  readonly replayDetection: string;
  readonly information: Uint8Array;
};

/** What the reconfigure key protocol says: here is your key, or here is the proof that I have it. */
export type ReconfigureKey = { readonly kind: "key" | "digest"; readonly replayDetection: string; readonly bytes: Uint8Array };

const REPLAY_BYTES = 8;
const RKAP = { protocol: 3, algorithm: 1, replayMethod: 0 } as const;
const TYPES = { key: 1, digest: 2 } as const;
const KEY_BYTES = 16;

export const authentication: Codec<Authentication> = {
  decode: (reader) => ({
    protocol: reader.u8(),
    algorithm: reader.u8(),
    replayMethod: reader.u8(),
    replayDetection: toHex(reader.view(REPLAY_BYTES)),
    information: reader.rest(),
  }),
  encode: (writer, value) => {
    writer.u8(value.protocol);
    writer.u8(value.algorithm);
    writer.u8(value.replayMethod);
    writer.bytes(fromHex(value.replayDetection) ?? new Uint8Array(REPLAY_BYTES));
    writer.bytes(value.information);
  },
};

/** @returns undefined when it is another protocol, or not of this one's form (RFC 9915 §20.4.1) */
export function reconfigureKeyOf(value: Authentication): ReconfigureKey | undefined {
  const { protocol, algorithm, replayMethod, replayDetection, information } = value;
  if (protocol !== RKAP.protocol || algorithm !== RKAP.algorithm || replayMethod !== RKAP.replayMethod) return undefined;
  if (information.length !== 1 + KEY_BYTES) return undefined;
  const reader = new Reader(information);
  const type = reader.u8();
  const kind = type === TYPES.key ? "key" : type === TYPES.digest ? "digest" : undefined;
  return kind === undefined ? undefined : { kind, replayDetection, bytes: reader.rest() };
}

/** For a digest, sixteen zeros stand there while it is computed (RFC 9915 §20.4.3). */
export function reconfigureKeyOption({ kind, replayDetection, bytes }: ReconfigureKey): Authentication {
  assert(bytes.length === KEY_BYTES, "a reconfigure key has sixteen octets");
  const writer = new Writer(1 + KEY_BYTES);
  writer.u8(TYPES[kind]);
  writer.bytes(bytes);
  return { ...RKAP, replayDetection, information: writer.take() };
}
