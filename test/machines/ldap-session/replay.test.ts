/** Conversations with slapd as they were: our client says the same again, octet for octet, and comes to the same end. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { toHex } from "../../../src/base/hex.ts";
import { FAILURE_REASONS } from "../../../src/machines/ldap-session/state.ts";
import { LdapFrames } from "../../../src/wire/ldap/frames.ts";
import { decodeLdap, encodeLdap } from "../../../src/wire/ldap/message.ts";
import { type Part, played, type Recording, recordings } from "../../support/recorded-ldap.ts";
import { dissect, needsDissector } from "../../wire/rpc/dissector.ts";

type Said = Exclude<Part, { readonly mark: unknown }>;

const ALL = recordings();
const PIECES = [Number.POSITIVE_INFINITY, 1, 7] as const;

function shown(parts: readonly Part[]): readonly string[] {
  return parts.map((part) => ("mark" in part ? part.mark : `${part.from} ${toHex(part.bytes)}`));
}

function isSame({ name: _, ...recording }: Recording, now: ReturnType<typeof played>): boolean {
  return JSON.stringify([shown(recording.parts), recording.told]) === JSON.stringify([shown(now.parts), now.told]);
}

for (const recording of ALL) {
  for (const pieceBytes of PIECES)
    test(`${recording.name}: played again${pieceBytes < 8 ? `, ${pieceBytes} octets at a time` : ""}, we say and tell the same`, () => {
      const now = played(recording, pieceBytes);
      assert.deepEqual(shown(now.parts), shown(recording.parts));
      assert.deepEqual(now.told, recording.told);
    });

  test(`${recording.name}: every message, of either side, is written again as it was read`, () => {
    for (const { bytes } of saidIn(recording)) for (const frame of framesOf(bytes)) assert.equal(toHex(encodeLdap(decodeLdap(frame))), toHex(frame));
  });
}

test("the recordings hold every way in which slapd ends a conversation: whole, unchanged, and nine reasons", () => {
  const ends = new Set(ALL.map(({ told }) => endOf(told)));
  const expected = ["bind-refused 49", "closed", "disconnection-notice 52", "tls-refused 2", "unchanged", "whole"];
  const refused = [4, 10, 11, 32, 51, 52].map((code) => `search-refused ${code}`);
  assert.deepEqual([...ends].toSorted(), [...expected, ...refused].toSorted());
  for (const end of ends) assert.ok(end === "whole" || end === "unchanged" || FAILURE_REASONS.some((reason) => end.startsWith(reason)));
});

test("a dissector finds nothing wrong with what we said in any of them", needsDissector, () => {
  const messages = ALL.flatMap((recording) => saidIn(recording).filter(({ from }) => from === "client"));
  const rows = dissect("tcp", 389, messages);
  assert.equal(rows.length, messages.length);
  for (const [i, { broken, info, protocol }] of rows.entries()) {
    assert.ok(!broken, `${info} ${toHex(messages[i]?.bytes ?? new Uint8Array(0))}`);
    assert.equal(protocol, "LDAP");
  }
  assert.ok(messages.length > 50, `${messages.length}`);
});

/** All of them take seconds: each test of a control looks at one octet in so many, and at others in each part. */
const STRIDE = 5;

test("control: an octet that we would say otherwise is noticed, wherever it stands", () => {
  for (const recording of ALL) {
    for (const [at, part] of recording.parts.entries()) {
      if ("mark" in part || part.from !== "client") continue;
      for (let i = at % STRIDE; i < part.bytes.length; i += STRIDE) {
        const other = { ...recording, parts: recording.parts.with(at, { ...part, bytes: part.bytes.with(i, (part.bytes[i] ?? 0) ^ 1) }) };
        assert.ok(!isSame(other, played(other)), `${recording.name}: part ${at}, octet ${i}`);
      }
    }
  }
});

/** Nobody uses: what a result that is good says in words, which name was matched, how many entries are guessed, the cookies of changes. */
const UNUSED_PART = 0.2;

test("control: of the octets that the server says otherwise, four in five are noticed", () => {
  let octets = 0;
  let unnoticed = 0;
  for (const recording of ALL) {
    for (const [at, part] of recording.parts.entries()) {
      if ("mark" in part || part.from !== "server") continue;
      for (let i = at % STRIDE; i < part.bytes.length; i += STRIDE) {
        const parts = recording.parts.with(at, { ...part, bytes: part.bytes.with(i, (part.bytes[i] ?? 0) ^ 1) });
        const now = played({ ...recording, parts });
        octets++;
        const said = recording.parts.filter(isOurs);
        if (JSON.stringify([shown(said), recording.told]) === JSON.stringify([shown(now.parts.filter(isOurs)), now.told])) unnoticed++;
      }
    }
  }
  assert.ok(unnoticed < octets * UNUSED_PART, `${unnoticed} of ${octets}`);
});

function isOurs(part: Part): boolean {
  return "mark" in part || part.from === "client";
}

function saidIn({ parts }: Recording): readonly Said[] {
  return parts.filter((part): part is Said => !("mark" in part));
}

function framesOf(bytes: Uint8Array): readonly Uint8Array[] {
  const frames = new LdapFrames();
  frames.push(bytes);
  const found: Uint8Array[] = [];
  for (let frame = frames.next(); frame !== undefined; frame = frames.next()) found.push(frame.slice());
  assert.equal(frames.pendingBytes, 0, "cut by the socket: record it again");
  return found;
}

function endOf(told: readonly unknown[]): string {
  const { finished } = told.at(-1) as {
    readonly finished: { readonly ok: boolean; readonly unchanged?: boolean; readonly failure?: { readonly reason: string; readonly code?: number } };
  };
  if (finished.ok) return finished.unchanged === true ? "unchanged" : "whole";
  const { reason, code } = finished.failure ?? { reason: "" };
  return code === undefined ? reason : `${reason} ${code}`;
}
