import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import type { Duid } from "../../../src/base/duid.ts";
import { WireError } from "../../../src/base/errors.ts";
import { bytesOf, toHex } from "../../../src/base/hex.ts";
import {
  RECONFIGURE_REFUSALS,
  type ReconfigureVerdict,
  ReconfigureKeeper,
  type ReconfigureRefusal,
} from "../../../src/services/uplink6/reconfigure.ts";
import { reconfigureKeyOption } from "../../../src/wire/dhcp6/auth.ts";
import { type Dhcp6ClientMessage, decodeDhcp6, dhcp6, encodeDhcp6, isRelayMessage } from "../../../src/wire/dhcp6/message.ts";
import type { Dhcp6Options } from "../../../src/wire/dhcp6/options.ts";
import { reconfigureDigest } from "../../../src/wire/dhcp6/reconfigure-digest.ts";
import { decodeIpv6Frame, decodeUdp6 } from "../../wire/dhcp6/frame.ts";
import { goldenPackets } from "../../wire/dhcp6/golden.ts";
import { FIRST, INFORM, KEY, REBIND, RECORD, RENEW } from "./reconfigures.ts";
import { DUID, SERVER } from "./rig.ts";

const OTHER_KEY = bytesOf("ffeeddccbbaa99887766554433221100");
const OTHER_SERVER = "0003000102005e100009" as Duid;
const SECOND = "69f3a4c000000002";
const THIRD = "69f3a4c000000003";
const LAST = "ffffffffffffffff";

function decoded(datagram: Uint8Array): Dhcp6ClientMessage {
  const message = decodeDhcp6(datagram);
  assert.ok(!isRelayMessage(message), "nobody relayed it");
  return message;
}

/** A Reply that hands over a key. */
function reply(key: Uint8Array | undefined, replayDetection = FIRST, serverId = SERVER): Dhcp6ClientMessage {
  const authentication = key === undefined ? {} : { authentication: reconfigureKeyOption({ kind: "key", replayDetection, bytes: key }) };
  return dhcp6({ kind: "reply", transactionId: 1, options: { clientId: DUID, serverId, ...authentication } });
}

/** A Reconfigure that proves itself with a key, and has other options where they are given. */
function proven(other: Partial<Record<keyof Dhcp6Options, unknown>> = {}, replayDetection = SECOND, key = KEY): Uint8Array {
  const proof = (bytes: Uint8Array) => reconfigureKeyOption({ kind: "digest", replayDetection, bytes });
  const usual: Dhcp6Options = { clientId: DUID, serverId: SERVER, reconfigureMessage: "renew", authentication: proof(new Uint8Array(16)) };
  const message = dhcp6({ kind: "reconfigure", transactionId: 0, options: { ...usual, ...(other as Dhcp6Options) } });
  const digest = reconfigureDigest(encodeDhcp6(message), key);
  if (digest === undefined || "authentication" in other) return encodeDhcp6(message);
  return encodeDhcp6({ ...message, options: { ...message.options, authentication: proof(digest) } });
}

function keeper(): ReconfigureKeeper {
  const made = new ReconfigureKeeper();
  made.learn(reply(KEY));
  return made;
}

function judge(by: ReconfigureKeeper, datagram: Uint8Array, toUs = true): ReconfigureVerdict {
  return by.judge({ datagram, message: decoded(datagram), toUs }, DUID);
}
const refused = (reason: ReconfigureRefusal): ReconfigureVerdict => ({ kind: "refused", reason });

for (const [what, hex] of [
  ["renew", RENEW],
  ["rebind", REBIND],
  ["informationRequest", INFORM],
] as const) {
  test(`a Reconfigure whose proof is right says ${what}, wherever its options stand (RFC 9915 §20.4.3)`, () => {
    assert.deepEqual(judge(keeper(), bytesOf(hex)), { kind: "reconfigure", what });
  });
}

test("the digest is over the whole datagram with zeros in its own place (RFC 9915 §20.4.2)", () => {
  assert.equal(toHex(reconfigureDigest(bytesOf(RENEW), KEY) ?? new Uint8Array()), "97a4e0b25f4ea486b1c803d663fb98df");
});

test("the key and the proof of another program fit: only its number, the same in both, keeps its Reconfigure from being heard (dibbler-server)", () => {
  const payloadOf = (name: string): Uint8Array => {
    const golden = goldenPackets("dhcp6-frame").find((one) => one.name === name);
    assert.ok(golden !== undefined, name);
    return decodeUdp6(decodeIpv6Frame(golden.bytes), golden.expected).payload;
  };
  const by = new ReconfigureKeeper();
  assert.equal(by.learn(decoded(payloadOf("dhcp6-dibbler-reply"))), true);
  const datagram = payloadOf("dhcp6-dibbler-reconfigure");
  const message = decoded(datagram);
  const clientId = message.options.clientId ?? DUID;
  assert.deepEqual(by.judge({ datagram, message, toUs: true }, clientId), refused("reconfigure-replayed"));
  const other = datagram.slice();
  other[1] = 1; // its transaction identifier
  assert.deepEqual(by.judge({ datagram: other, message: decoded(other), toUs: true }, clientId), refused("reconfigure-forged"));
});

const without = (name: keyof Dhcp6Options): Uint8Array => proven({ [name]: undefined });
const REFUSED: readonly (readonly [ReconfigureRefusal, string, Uint8Array])[] = [
  ["reconfigure-no-server-id", "without a server identifier", without("serverId")],
  ["reconfigure-no-client-id", "without a client identifier", without("clientId")],
  ["reconfigure-other-client", "for another client", proven({ clientId: "00030001020000000009" })],
  ["reconfigure-no-purpose", "without option 19", without("reconfigureMessage")],
  ["reconfigure-unauthenticated", "without option 11", without("authentication")],
  [
    "reconfigure-unauthenticated",
    "with a key in the place of the proof",
    proven({ authentication: reconfigureKeyOption({ kind: "key", replayDetection: SECOND, bytes: KEY }) }),
  ],
  ["reconfigure-other-server", "of a server that gave no key", proven({ serverId: OTHER_SERVER })],
  ["reconfigure-forged", "with a proof of another key", proven({}, SECOND, OTHER_KEY)],
  ["reconfigure-replayed", "with the number that came with the key", proven({}, FIRST)],
  ["reconfigure-replayed", "with a number before it", proven({}, "00000000ffffffff")],
];
for (const [reason, what, datagram] of REFUSED) {
  test(`a Reconfigure ${what} is ${reason}, and leaves the next one its chance (RFC 9915 §16.11)`, () => {
    const by = keeper();
    const before = by.record();
    assert.deepEqual(judge(by, datagram), refused(reason));
    assert.deepEqual(by.record(), before);
    assert.deepEqual(judge(by, proven()), { kind: "reconfigure", what: "renew" });
  });
}

test("a purpose that nobody knows is none: 1, 3, 7 and 255 are reconfigure-no-purpose (RFC 9915 §16.11)", () => {
  for (const type of ["00", "01", "03", "07", "ff"]) {
    const datagram = bytesOf(RENEW.replace("0013 0001 05", `0013 0001 ${type}`));
    assert.deepEqual(judge(keeper(), datagram), refused("reconfigure-no-purpose"));
  }
});

test("a Reconfigure to a group is refused, however well it proves itself (RFC 9915 §16.11)", () => {
  assert.deepEqual(judge(keeper(), proven(), false), refused("reconfigure-to-group"));
});

test("with no key of anyone there is no proof (RFC 9915 §18.2.11)", () => {
  assert.deepEqual(judge(new ReconfigureKeeper(), proven()), refused("reconfigure-without-key"));
});

test("each refusal has a test above", () => {
  const tested = new Set([...REFUSED.map(([reason]) => reason), "reconfigure-to-group", "reconfigure-without-key"]);
  assert.deepEqual([...tested].sort(), [...RECONFIGURE_REFUSALS].sort());
});

test("a Reconfigure is heard once, and from then on only a later number counts, up to the last one (RFC 9915 §20.3)", () => {
  const by = keeper();
  assert.equal(judge(by, proven({}, THIRD)).kind, "reconfigure");
  assert.deepEqual(judge(by, proven({}, THIRD)), refused("reconfigure-replayed"));
  assert.deepEqual(judge(by, proven({}, SECOND)), refused("reconfigure-replayed"));
  assert.equal(judge(by, proven({}, LAST)).kind, "reconfigure");
  assert.deepEqual(judge(by, proven({}, LAST)), refused("reconfigure-replayed"));
});

test("numbers are compared as 64 bits without a sign", () => {
  const by = new ReconfigureKeeper();
  by.learn(reply(KEY, "7fffffffffffffff"));
  assert.equal(judge(by, proven({}, "8000000000000000")).kind, "reconfigure");
  assert.deepEqual(judge(by, proven({}, "7fffffffffffffff")), refused("reconfigure-replayed"));
});

test("no bit of a proven Reconfigure may be another one, and none of its beginnings is one", () => {
  const whole = bytesOf(RENEW);
  const by = keeper();
  for (let bit = 0; bit < 8 * whole.length; bit++) {
    const other = whole.slice();
    other[bit >> 3] = (other[bit >> 3] ?? 0) ^ (0x80 >> (bit & 7));
    assert.notEqual(outcome(by, other), "reconfigure", `bit ${bit}`);
  }
  for (let length = 0; length < whole.length; length++) assert.notEqual(outcome(by, whole.slice(0, length)), "reconfigure", `${length} octets`);
  assert.notEqual(outcome(by, bytesOf(`${RENEW}\n 0007 0001 00`)), "reconfigure", "something behind it");
  assert.equal(outcome(by, whole), "reconfigure");
});

/** As the service does it: what is no Reconfigure never gets here. */
function outcome(by: ReconfigureKeeper, datagram: Uint8Array): string {
  try {
    const message = decodeDhcp6(datagram);
    return message.kind === "reconfigure" ? by.judge({ datagram, message, toUs: true }, DUID).kind : "another message";
  } catch (error) {
    assert.ok(error instanceof WireError, String(error));
    return error.code;
  }
}

test("the digest of a datagram that is cut anywhere is undefined, a digest, or a WireError", () => {
  const whole = bytesOf(RENEW);
  for (let length = 0; length < whole.length; length++) {
    try {
      const digest = reconfigureDigest(whole.slice(0, length), KEY);
      assert.equal(digest, undefined, `${length} octets`);
    } catch (error) {
      assert.ok(error instanceof WireError, `${length} octets`);
    }
  }
  assert.equal(reconfigureDigest(bytesOf("0a 000000 000b 0001 03"), KEY), undefined);
});

test("computing a digest leaves the datagram as it was", () => {
  const datagram = bytesOf(RENEW);
  reconfigureDigest(datagram, KEY);
  assert.deepEqual(datagram, bytesOf(RENEW));
});

test("only a Reply with a key teaches one: the proof of another message, another protocol or a shorter key do not (RFC 9915 §20.4.1)", () => {
  const key = reconfigureKeyOption({ kind: "key", replayDetection: FIRST, bytes: KEY });
  const wrong = [
    { ...key, protocol: 2 },
    { ...key, algorithm: 2 },
    { ...key, replayMethod: 1 },
    { ...key, information: key.information.slice(0, 16) },
    reconfigureKeyOption({ kind: "digest", replayDetection: FIRST, bytes: KEY }),
  ];
  for (const authentication of wrong) {
    const by = new ReconfigureKeeper();
    assert.equal(by.learn(dhcp6({ kind: "reply", transactionId: 1, options: { clientId: DUID, serverId: SERVER, authentication } })), false);
    assert.equal(by.isKept, false);
  }
});

test("a new key takes the place of the old one, and counts from its own number", () => {
  const by = keeper();
  assert.equal(judge(by, proven({}, LAST)).kind, "reconfigure");
  assert.equal(by.learn(reply(OTHER_KEY, FIRST)), true);
  assert.deepEqual(judge(by, proven({}, LAST)), refused("reconfigure-forged"));
  assert.equal(judge(by, proven({}, SECOND, OTHER_KEY)).kind, "reconfigure");
});

test("the same key again never makes an old number new", () => {
  const by = keeper();
  assert.equal(judge(by, proven({}, THIRD)).kind, "reconfigure");
  assert.equal(by.learn(reply(KEY, FIRST)), false);
  assert.deepEqual(judge(by, proven({}, SECOND)), refused("reconfigure-replayed"));
  assert.equal(by.learn(reply(KEY, LAST)), true);
  assert.equal(by.record()?.replayDetection, LAST);
});

test("a Reply without a key keeps that of the same server and ends that of another", () => {
  const by = keeper();
  assert.equal(by.learn(reply(undefined)), false);
  assert.equal(by.isKept, true);
  assert.equal(by.learn(reply(undefined, FIRST, OTHER_SERVER)), true);
  assert.equal(by.isKept, false);
  assert.equal(by.learn(reply(undefined, FIRST, OTHER_SERVER)), false);
});

test("what is restored from its record goes on where it was: a Reconfigure from before a restart stays old", () => {
  const before = keeper();
  assert.equal(judge(before, proven({}, SECOND)).kind, "reconfigure");
  const record: unknown = JSON.parse(JSON.stringify(before.record()));
  assert.deepEqual(record, { serverId: SERVER, key: toHex(KEY), replayDetection: SECOND });
  const after = new ReconfigureKeeper();
  after.restore(record);
  assert.deepEqual(judge(after, proven({}, SECOND)), refused("reconfigure-replayed"));
  assert.equal(judge(after, proven({}, THIRD)).kind, "reconfigure");
});

test("a record that is none is no key", () => {
  const good = RECORD;
  const spoilt = [
    undefined,
    null,
    7,
    [],
    {},
    { ...good, serverId: "" },
    { ...good, serverId: 1 },
    { ...good, key: "00" },
    { ...good, key: `${toHex(KEY)}00` },
    { ...good, key: "x".repeat(32) },
    { ...good, key: undefined },
    { ...good, replayDetection: "1" },
    { ...good, replayDetection: FIRST.toUpperCase() },
    { ...good, replayDetection: 1 },
  ];
  for (const record of spoilt) {
    const by = keeper();
    by.restore(record);
    assert.equal(by.record(), undefined, JSON.stringify(record));
  }
  const by = new ReconfigureKeeper();
  by.restore(good);
  assert.deepEqual(by.record(), good);
});

test("forgetting ends it", () => {
  const by = keeper();
  assert.equal(by.forget(), true);
  assert.equal(by.forget(), false);
  assert.deepEqual(judge(by, proven()), refused("reconfigure-without-key"));
});

test("whoever prints it does not print the key", () => {
  const by = keeper();
  for (const text of [JSON.stringify(by), inspect(by, { depth: 9, showHidden: true }), String(by), `${Object.values(by)}`]) {
    assert.doesNotMatch(text.replaceAll(/[^0-9a-f]/gi, ""), /00112233445566778899aabbccddeeff/i);
    assert.doesNotMatch(text, /17,\s*34,\s*51,\s*68/);
  }
});
