import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type WireCode, WireError } from "../../../src/base/errors.ts";
import { bytesOf, toHex } from "../../../src/base/hex.ts";
import type { Ipv6Address } from "../../../src/base/ipv6.ts";
import { LIMITS } from "../../../src/base/limits.ts";
import { type Dhcp6RelayMessage, decodeDhcp6, dhcp6, encodeDhcp6, relay6 } from "../../../src/wire/dhcp6/message.ts";
import { mayForward, unwrapDhcp6, wrapReply } from "../../../src/wire/dhcp6/relay.ts";
import { anyClientMessage } from "./messages.ts";

const SOLICIT = encodeDhcp6(dhcp6({ kind: "solicit", transactionId: 1, options: { elapsedHundredths: 0 } }));
const REPLY = encodeDhcp6(dhcp6({ kind: "reply", transactionId: 1, options: {} }));

function forward(relayMessage: Uint8Array, options: Partial<Dhcp6RelayMessage["options"]> = {}): Dhcp6RelayMessage {
  return relay6({
    kind: "relayForward",
    hopCount: 0,
    linkAddress: "2001:db8::1" as Ipv6Address,
    peerAddress: "fe80::2" as Ipv6Address,
    options: { ...options, relayMessage },
  });
}

function wrapped(times: number): Uint8Array {
  return Array.from({ length: times }).reduce<Uint8Array>((inner) => encodeDhcp6(forward(inner)), SOLICIT);
}

function refused(run: () => unknown, code: WireCode): void {
  assert.throws(run, (error) => error instanceof WireError && error.code === code);
}

test("envelopes are opened from the outermost to the client's message, whose bytes stay as they came", () => {
  const bytes = encodeDhcp6(forward(encodeDhcp6(forward(SOLICIT, { interfaceId: bytesOf("61") })), { interfaceId: bytesOf("62") }));
  const { hops, message, bytes: inner } = unwrapDhcp6(bytes);
  assert.deepEqual(
    hops.map(({ options }) => toHex(options.interfaceId ?? bytesOf(""))),
    ["62", "61"],
  );
  assert.equal(message.kind, "solicit");
  assert.equal(toHex(inner), toHex(SOLICIT));
});

test("as many envelopes as the limit are opened, and not one more", () => {
  assert.equal(unwrapDhcp6(wrapped(LIMITS.relayLevels)).hops.length, LIMITS.relayLevels);
  refused(() => unwrapDhcp6(wrapped(LIMITS.relayLevels + 1)), "too-many");
});

test("an answer inside a question is refused", () => {
  const inner = encodeDhcp6({ ...forward(REPLY), kind: "relayReply" });
  refused(() => unwrapDhcp6(encodeDhcp6(forward(inner))), "bad-value");
});

test("an answer goes back through every relay with what it put there and what it asked for (RFC 9915 §19.3, RFC 4994, RFC 8357)", () => {
  const outer = forward(encodeDhcp6(forward(SOLICIT, { interfaceId: bytesOf("61"), subscriberId: bytesOf("07") })), {
    interfaceId: bytesOf("62"),
    relayPort: 0,
    echoRequest: [38, 79, 9, 11],
    subscriberId: bytesOf("08"),
    clientLinkLayerAddress: { type: 1, address: bytesOf("02005e100001") },
  });
  const { hops } = unwrapDhcp6(encodeDhcp6(outer));
  const back = unwrapDhcp6(wrapReply(hops, REPLY));
  assert.deepEqual(
    back.hops.map(({ kind, peerAddress, options: { relayMessage: _, ...options } }) => ({ kind, peerAddress, options })),
    [
      {
        kind: "relayReply",
        peerAddress: "fe80::2",
        options: {
          interfaceId: bytesOf("62"),
          relayPort: 0,
          subscriberId: bytesOf("08"),
          clientLinkLayerAddress: { type: 1, address: bytesOf("02005e100001") },
        },
      },
      { kind: "relayReply", peerAddress: "fe80::2", options: { interfaceId: bytesOf("61") } },
    ],
  );
  assert.equal(toHex(back.bytes), toHex(REPLY));
  assert.equal(wrapReply([], REPLY), REPLY);
});

test("any message survives any number of envelopes", () => {
  fc.assert(
    fc.property(anyClientMessage, fc.nat(LIMITS.relayLevels), (message, times) => {
      const inner = encodeDhcp6(message);
      const bytes = Array.from({ length: times }).reduce<Uint8Array>((each) => encodeDhcp6(forward(each)), inner);
      assert.deepEqual(unwrapDhcp6(bytes).message, decodeDhcp6(inner));
    }),
    { numRuns: 30 },
  );
});

test("a relay passes on what clients and relays ask, and what it does not know, but no answers (RFC 9915 §19)", () => {
  const types = ["01", "0b", "0c", "24", "0e", "63", "02", "07", "0a", "0d", "25"];
  assert.deepEqual(
    types.map((type) => mayForward(bytesOf(type))),
    [true, true, true, true, true, true, false, false, false, false, false],
  );
});
