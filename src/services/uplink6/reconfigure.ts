/**
 * Who may make us ask anew: the server that gave us a key, with a message that proves it and was not heard before (RFC 9915 §16.11,
 * §18.2.11, §20.4). A class, so that no print of it tells the key: it is in the lease file and nowhere else.
 */
import { type Duid, parseDuid } from "../../base/duid.ts";
import { fromHex, toHex } from "../../base/hex.ts";
import { MD5_BYTES, sameDigest } from "../../base/md5.ts";
import { reconfigureKeyOf } from "../../wire/dhcp6/auth.ts";
import type { Dhcp6ClientMessage } from "../../wire/dhcp6/message.ts";
import type { Dhcp6Options } from "../../wire/dhcp6/options.ts";
import { reconfigureDigest } from "../../wire/dhcp6/reconfigure-digest.ts";

/** Why a Reconfigure changed nothing. Each is a counter an operator sees. */
export const RECONFIGURE_REFUSALS = [
  "reconfigure-to-group", // not sent to us alone (RFC 9915 §16.11)
  "reconfigure-no-server-id",
  "reconfigure-no-client-id",
  "reconfigure-other-client",
  "reconfigure-no-purpose", // option 19 is missing, or asks for something unheard of
  "reconfigure-unauthenticated", // no option 11, or one of another protocol or form
  "reconfigure-without-key", // no server gave us a key
  "reconfigure-other-server", // not the server that gave us the key
  "reconfigure-forged", // the digest is not that of this message with our key
  "reconfigure-replayed", // the proof is right, but not newer than one we had
] as const;
export type ReconfigureRefusal = (typeof RECONFIGURE_REFUSALS)[number];

export type ReconfigurePurpose = NonNullable<Dhcp6Options["reconfigureMessage"]>;
export type ReconfigureVerdict =
  | { readonly kind: "reconfigure"; readonly what: ReconfigurePurpose }
  | { readonly kind: "refused"; readonly reason: ReconfigureRefusal };
/** What of it stands in the lease file. The key is a secret. */
export type ReconfigureRecord = { readonly serverId: string; readonly key: string; readonly replayDetection: string };
/** A Reconfigure as it came. */
export type ReceivedReconfigure = {
  readonly datagram: Uint8Array;
  readonly message: Dhcp6ClientMessage;
  /** It was sent to an address of ours, not to a group. */
  readonly toUs: boolean;
};

type Kept = { readonly serverId: Duid; readonly key: Uint8Array; readonly replayDetection: string };
type Judged = { readonly what: ReconfigurePurpose; readonly replayDetection: string };
const REPLAY_DIGITS = /^[0-9a-f]{16}$/;

export class ReconfigureKeeper {
  #kept: Kept | undefined;

  /** Whether there is a key: what may be shown of it. */
  get isKept(): boolean {
    return this.#kept !== undefined;
  }

  /**
   * From a Reply that was taken. A new key begins with the number that came with it; the same key never goes back to an older one. A Reply
   * of another server without a key ends what was kept: whoever gave it is not our server any more.
   * @returns whether the record changed
   */
  learn({ options }: Dhcp6ClientMessage): boolean {
    const { serverId, authentication } = options;
    if (serverId === undefined) return false;
    const before = this.#kept;
    const handed = authentication === undefined ? undefined : reconfigureKeyOf(authentication);
    if (handed?.kind !== "key") return before !== undefined && before.serverId !== serverId && this.forget();
    const { bytes: key, replayDetection } = handed;
    if (before !== undefined && before.serverId === serverId && sameDigest(before.key, key)) {
      if (replayDetection <= before.replayDetection) return false;
      this.#kept = { ...before, replayDetection };
    } else this.#kept = { serverId, key, replayDetection };
    return true;
  }

  /** @returns what to do; the record has changed then, and is to be kept before it is done */
  judge(received: ReceivedReconfigure, clientId: Duid): ReconfigureVerdict {
    const verdict = judged(received, clientId, this.#kept);
    if (typeof verdict === "string") return { kind: "refused", reason: verdict };
    if (this.#kept !== undefined) this.#kept = { ...this.#kept, replayDetection: verdict.replayDetection };
    return { kind: "reconfigure", what: verdict.what };
  }

  /** @returns whether there was something */
  forget(): boolean {
    const had = this.isKept;
    this.#kept = undefined;
    return had;
  }

  /** For the lease file. */
  record(): ReconfigureRecord | undefined {
    if (this.#kept === undefined) return undefined;
    const { serverId, key, replayDetection } = this.#kept;
    return { serverId, key: toHex(key), replayDetection };
  }

  /** What a lease file held; anything that is no record is no key. */
  restore(value: unknown): void {
    this.#kept = keptIn(value);
  }
}

function judged({ datagram, message, toUs }: ReceivedReconfigure, clientId: Duid, kept: Kept | undefined): Judged | ReconfigureRefusal {
  const { serverId, clientId: named, reconfigureMessage, authentication } = message.options;
  if (!toUs) return "reconfigure-to-group";
  if (serverId === undefined) return "reconfigure-no-server-id";
  if (named === undefined) return "reconfigure-no-client-id";
  if (named !== clientId) return "reconfigure-other-client";
  if (reconfigureMessage === undefined) return "reconfigure-no-purpose";
  const proof = authentication === undefined ? undefined : reconfigureKeyOf(authentication);
  if (proof?.kind !== "digest") return "reconfigure-unauthenticated";
  if (kept === undefined) return "reconfigure-without-key";
  if (serverId !== kept.serverId) return "reconfigure-other-server";
  const expected = reconfigureDigest(datagram, kept.key);
  if (expected === undefined || !sameDigest(proof.bytes, expected)) return "reconfigure-forged";
  if (proof.replayDetection <= kept.replayDetection) return "reconfigure-replayed";
  return { what: reconfigureMessage, replayDetection: proof.replayDetection };
}

function keptIn(value: unknown): Kept | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { serverId, key, replayDetection } = value as { readonly [field: string]: unknown };
  if (typeof serverId !== "string" || typeof key !== "string" || typeof replayDetection !== "string") return undefined;
  const [server, bytes] = [parseDuid(serverId), fromHex(key)];
  if (server === undefined || bytes?.length !== MD5_BYTES || !REPLAY_DIGITS.test(replayDetection)) return undefined;
  return { serverId: server, key: bytes, replayDetection };
}
