/** What the server reads in place is what the codec reads into values: cut anywhere, doubled, nested, and with any option (RFC 9915 §21). */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { WireError } from "../../../../src/base/errors.ts";
import { bytesOf, toHex } from "../../../../src/base/hex.ts";
import { ClientMessage } from "../../../../src/services/lan/dhcp6-server/message.ts";
import { iaAddress, iaNa, iaPd, iaPrefix } from "../../../../src/wire/dhcp6/leases.ts";
import { decodeDhcp6, type Dhcp6ClientMessage, encodeDhcp6, isRelayMessage } from "../../../../src/wire/dhcp6/message.ts";
import { optionsAt } from "../../../../src/wire/dhcp6/options.ts";
import { anyClientMessage } from "../../../wire/dhcp6/messages.ts";
import { Bed, client, ip, net, relayed, said } from "./support.ts";

const CLIENT_ID = `0001 000a ${client(1).duid}`;
const IA_NA = "0003 000c 00000005 00000000 00000000";
/** The option of two octets behind the relay message. */
const INTERFACE_ID_BYTES = 6;
const WHOLE = encodeDhcp6(
  said(1, "request", {
    iaNa: [iaNa({ iaid: 5, iaAddress: [iaAddress(ip("2001:db8:1::77:1"))] })],
    iaPd: [iaPd({ iaid: 6, iaPrefix: [iaPrefix(net("2001:db8:80ab:cd00::/56"))] })],
    requestedOptions: [23, 24],
    elapsedHundredths: 0,
  }),
);

/** Where options of the first level begin and end. */
function seams(bytes: Uint8Array): ReadonlySet<number> {
  const found = new Set([4]);
  for (let at = 4; at < bytes.length; ) {
    at += 4 + (((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0));
    found.add(at);
  }
  return found;
}

test("a message cut at any byte is dropped, unless the cut is between two options; behind a relay too (RFC 9915 §21.1)", () => {
  const between = seams(WHOLE);
  assert.ok(between.size >= 7);
  for (let length = 0; length < WHOLE.length; length++) {
    for (const behind of [false, true]) {
      const bed = new Bed();
      const cut = WHOLE.slice(0, length);
      bed.bytesIn(behind ? relayed(cut, { link: ip("2001:db8:1::1") }) : cut);
      const [refusal] = Object.keys(bed.refused());
      const short = length < 4 ? (behind ? "relayed-nothing" : "truncated") : undefined;
      if (short !== undefined) assert.equal(refusal, short, `${length} octets`);
      else if (!between.has(length)) assert.equal(refusal, "truncated", `${length} octets`);
      else assert.notEqual(refusal, "truncated", `${length} octets`);
    }
  }
});

test("a relay's envelope cut at any byte is dropped (RFC 9915 §19.1)", () => {
  const whole = relayed(WHOLE, { link: ip("2001:db8:1::1"), interfaceId: bytesOf("0102") });
  for (let length = 0; length < whole.length; length++) {
    const bed = new Bed();
    const answer = bed.bytesIn(whole.slice(0, length));
    // Only what stands behind the message itself is not missed.
    if (length !== whole.length - INTERFACE_ID_BYTES) assert.deepEqual([answer, bed.table.count], [undefined, 0], `${length} octets`);
  }
});

test("with any option of the table, with any sample of it, a message is answered; twice the same, too, but for the four that condemn it", () => {
  const condemning: readonly number[] = [1, 2, 11];
  for (const { code, samples } of optionsAt("message")) {
    for (const { hex } of samples) {
      const value = bytesOf(hex);
      const option = `${code.toString(16).padStart(4, "0")} ${value.length.toString(16).padStart(4, "0")} ${hex}`;
      const outcome = (...options: readonly string[]): string => {
        const bed = new Bed({ pools: { rapidCommit: true } });
        bed.bytesIn(bytesOf(`01 112233 ${options.join(" ")}`));
        return Object.keys(bed.refused())[0] ?? "answered";
      };
      if (code === 1 || code === 2) continue; // a Solicit has the one, and may not have the other
      assert.equal(outcome(CLIENT_ID, IA_NA, option), "answered", `option ${code} ${hex}`);
      assert.equal(outcome(CLIENT_ID, IA_NA, option, option), condemning.includes(code) ? "repeated-option" : "answered", `option ${code} twice`);
    }
  }
  const bed = new Bed();
  assert.equal(bed.bytesIn(bytesOf(`01 112233 ${CLIENT_ID} ${CLIENT_ID}`)), undefined);
  const ours = WHOLE.slice();
  const serverId = toHex(ours.slice(4 + 14, 4 + 28));
  assert.equal(bed.bytesIn(bytesOf(`${toHex(ours)}${serverId}`)), undefined);
  assert.deepEqual(bed.refused(), { "repeated-option": 2 });
});

test("of an option request that stands there twice the first counts (RFC 9915 §21)", () => {
  const message = new ClientMessage();
  const bytes = bytesOf(`01 112233 ${CLIENT_ID} 0006 0002 0017 0006 0002 0018`);
  assert.equal(message.decode(bytes, 0, bytes.length), undefined);
  assert.deepEqual([message.asksFor(23), message.asksFor(24)], [true, false]);
});

test("65,535 octets are dropped unread, and so is a message of more options than are counted", () => {
  const bed = new Bed();
  assert.equal(bed.bytesIn(new Uint8Array(65_535).fill(1)), undefined);
  assert.equal(bed.bytesIn(bytesOf(`01 112233 ${CLIENT_ID} ${"00630000".repeat(512)}`)), undefined);
  assert.ok(bed.bytesIn(bytesOf(`01 112233 ${CLIENT_ID} ${"00630000".repeat(511)}`)) !== undefined);
  assert.deepEqual(bed.refused(), { "too-long": 1, "too-many-options": 1 });
});

test("whatever the message, both readers agree on whether it can be read, on its identifiers and on its associations", () => {
  const changes = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 3 });
  let read = 0;
  fc.assert(
    fc.property(anyClientMessage, changes, fc.option(fc.nat()), (given, changed, cut) => {
      const whole = encodeDhcp6(given);
      const bytes = cut === null ? whole : whole.slice(0, cut % (whole.length + 1));
      for (const [at, value] of changed) if (bytes.length > 4) bytes[4 + (at % (bytes.length - 4))] = value;
      const ours = new ClientMessage();
      const refusal = ours.decode(bytes, 0, bytes.length);
      const theirs = decoded(bytes);
      if (theirs === undefined || refusal !== undefined) return;
      read++;
      const { clientId, iaNa: nas = [], iaPd: pds = [] } = theirs.options;
      assert.equal(toHex(bytes.subarray(ours.clientIdAt, ours.clientIdAt + ours.clientIdLength)), clientId ?? "");
      const named = Array.from({ length: ours.ias }, (_, ia) => `${ours.iaCodes[ia]} ${(ours.iaids[ia] ?? 0) >>> 0}`);
      // What the codec lists as malformed inside of an IA the server passes over: of what both take, both say the same.
      for (const { iaid } of nas) assert.ok(named.includes(`3 ${iaid}`), `IA_NA ${iaid}`);
      for (const { iaid } of pds) assert.ok(named.includes(`25 ${iaid}`), `IA_PD ${iaid}`);
    }),
    { numRuns: 2000 },
  );
  assert.ok(read > 100, `only ${read} were read by both`);
});

function decoded(bytes: Uint8Array): Dhcp6ClientMessage | undefined {
  try {
    const message = decodeDhcp6(bytes);
    return isRelayMessage(message) ? undefined : message;
  } catch (error) {
    if (error instanceof WireError) return undefined;
    throw error;
  }
}
