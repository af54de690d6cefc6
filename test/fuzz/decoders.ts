/** Decoders of what comes over links and connections of `uplink6`, `lan` and `directory`, and of what the kernel tells about IPv6. */
import assert from "node:assert/strict";
import { type Codec, decodeAll, encodeAll } from "../../src/base/codec.ts";
import { bytesOf, equalBytes } from "../../src/base/hex.ts";
import { LIMITS } from "../../src/base/limits.ts";
import { ReconfigureKeeper } from "../../src/services/uplink6/reconfigure.ts";
import { describeDhcp6 } from "../../src/wire/dhcp6/describe.ts";
import { decodeDhcp6, dhcp6, encodeDhcp6, isRelayMessage } from "../../src/wire/dhcp6/message.ts";
import { withoutSecretOctets } from "../../src/wire/dhcp6/blank.ts";
import { optionsAt } from "../../src/wire/dhcp6/options.ts";
import { unwrapDhcp6, wrapReply } from "../../src/wire/dhcp6/relay.ts";
import type { Place } from "../../src/wire/dhcp6/table.ts";
import { decodeIcmp6, encodeIcmp6 } from "../../src/wire/icmp6/message.ts";
import { parseDn, printDn } from "../../src/wire/ldap/dn.ts";
import { LdapFrames } from "../../src/wire/ldap/frames.ts";
import { decodeLdap, encodeLdap } from "../../src/wire/ldap/message.ts";
import { syncInfo } from "../../src/wire/ldap/sync-info.ts";
import { interfaceAddress } from "../../src/wire/netlink/address.ts";
import { link } from "../../src/wire/netlink/link.ts";
import { neighbour } from "../../src/wire/netlink/neighbour.ts";
import { route } from "../../src/wire/netlink/route.ts";
import { rpcMessage } from "../../src/wire/rpc/message.ts";
import { PORTMAPPER_PROCEDURES, RPCBIND_PROCEDURES } from "../../src/wire/rpc/portmapper.ts";
import { RpcRecords } from "../../src/wire/rpc/records.ts";
import { YP_PROCEDURES } from "../../src/wire/rpc/yp.ts";
import { VarlinkFrames } from "../../src/wire/varlink/frames.ts";
import { varlinkCall, varlinkReply } from "../../src/wire/varlink/message.ts";
import { INFORM, REBIND, RECORD, RENEW } from "../services/uplink6/reconfigures.ts";
import { DUID } from "../services/uplink6/rig.ts";
import { goldenPackets } from "../wire/dhcp6/golden.ts";
import { decodeIpv6Frame, decodeUdp6 } from "../wire/dhcp6/frame.ts";
import { HEADER } from "../wire/icmp6/messages.ts";
import { conversations } from "../wire/ldap/conversations.ts";
import { MESSAGES as LDAP_MESSAGES } from "../wire/ldap/messages.ts";
import { ADDRESSES, LINKS, NEIGHBOURS, ROUTES } from "../wire/netlink/samples.ts";
import { SAMPLES as RPC_SAMPLES } from "../wire/rpc/samples.ts";
import type { Target } from "./fuzz.ts";
import { refusedOr, stable } from "./outcomes.ts";

export const DECODERS: readonly Target[] = [
  { name: "dhcp6", what: "DHCPv6 messages of clients, servers and relays", samples: dhcp6Samples, run: (bytes) => refusedOr(() => dhcp6Read(bytes)) },
  {
    name: "dhcp6-relayed",
    what: "all envelopes of relays around a message, and an answer that goes back in them",
    samples: dhcp6Samples,
    run: (bytes) =>
      refusedOr(() => {
        const { hops, bytes: inner } = unwrapDhcp6(bytes);
        assert.ok(hops.length <= LIMITS.relayLevels && inner.length <= bytes.length);
        if (hops[0]?.kind === "relayForward") assert.equal(unwrapDhcp6(wrapReply(hops, REPLY)).hops.length, hops.length);
      }),
  },
  {
    name: "dhcp6-blanked",
    what: "secrets taken out of a datagram in place: as long as before, and nothing secret left in it",
    samples: dhcp6Samples,
    run: (bytes) => {
      const blanked = withoutSecretOctets(bytes);
      assert.equal(blanked.length, bytes.length);
      assert.deepEqual(withoutSecretOctets(blanked), blanked);
      return blanked.some((byte, i) => byte !== bytes[i]) ? "blanked" : "value";
    },
  },
  {
    name: "dhcp6-reconfigure",
    what: "Reconfigure messages that somebody changed: only what the server proved is heard",
    samples: () => RECONFIGURES,
    run: (bytes) => refusedOr(() => reconfigured(bytes)),
  },
  { name: "icmp6", what: "ICMPv6 messages of neighbour discovery", samples: icmp6Samples, run: (bytes) => refusedOr(() => icmp6Read(bytes)) },
  { name: "ldap", what: "LDAP messages, names in them, and synchronization", samples: ldapSamples, run: (bytes) => refusedOr(() => ldapRead(bytes)) },
  {
    name: "ldap-stream",
    what: "a connection to a directory, cut anywhere",
    samples: () => streams("ldap"),
    run: (bytes) => cutAnywhere(bytes, () => new LdapFrames(), LIMITS.ldapMessageBytes),
  },
  { name: "rpc", what: "RPC messages", samples: rpcSamples, run: (bytes) => refusedOr(() => stableCodec(rpcMessage, bytes)) },
  {
    name: "rpc-bodies",
    what: "arguments and results of YP, the portmapper and rpcbind",
    samples: () => RPC_SAMPLES.map(({ bytes }) => bytes),
    run: (bytes) => anyOf(PROCEDURES, bytes),
  },
  {
    name: "rpc-stream",
    what: "RPC records of a connection, cut anywhere",
    samples: () => streams("rpc"),
    run: (bytes) => cutAnywhere(bytes, () => new RpcRecords(), LIMITS.rpcRequestBytes),
  },
  {
    name: "varlink",
    what: "Varlink calls and replies, and the JSON in them",
    samples: () => VARLINK.map((text) => utf8.encode(text)),
    run: (bytes) => anyOf([varlinkCall as Codec<unknown>, varlinkReply as Codec<unknown>], bytes),
  },
  {
    name: "varlink-stream",
    what: "Varlink messages of a connection, cut anywhere",
    samples: () => [utf8.encode(VARLINK.map((text) => `${text}\0`).join("")), ...VARLINK.map((text) => utf8.encode(`${text}\0`))],
    run: (bytes) => cutAnywhere(bytes, () => new VarlinkFrames(VARLINK_BYTES), VARLINK_BYTES),
  },
  ...(
    [
      ["netlink-address", "addresses as the kernel tells them", interfaceAddress, ADDRESSES],
      ["netlink-route", "routes as the kernel tells them", route, ROUTES],
      ["netlink-link", "links as the kernel tells them", link, LINKS],
      ["netlink-neighbour", "neighbours as the kernel tells them", neighbour, NEIGHBOURS],
    ] as const
  ).map(
    ([name, what, codec, samples]): Target => ({
      name,
      what,
      samples: () => samples.map(([, , hex]) => bytesOf(hex)),
      run: (bytes) => refusedOr(() => stableCodec(codec as Codec<unknown>, bytes)),
    }),
  ),
];

const utf8 = new TextEncoder();
const REPLY = encodeDhcp6(dhcp6({ kind: "reply", transactionId: 1, options: {} }));
const PROCEDURES = [YP_PROCEDURES, PORTMAPPER_PROCEDURES, RPCBIND_PROCEDURES].flatMap((table) =>
  Object.values(table).flatMap(({ argument, result }) => [argument as Codec<unknown>, result as Codec<unknown>]),
);
/** Short, so that changed messages are longer. */
const VARLINK_BYTES = 200;
const VARLINK = [
  '{"method":"io.systemd.UserDatabase.GetUserRecord","parameters":{"service":"org.example.directory","uid":2001},"more":true}',
  '{"method":"org.varlink.service.GetInfo"}',
  '{"method":"org.varlink.service.GetInterfaceDescription","parameters":{"interface":"io.systemd.UserDatabase"},"oneway":true}',
  '{"parameters":{"record":{"userName":"\\u00e4lice","uid":2001,"nested":[[[1.5e3,null,false]]]},"incomplete":false},"continues":true}',
  '{"error":"io.systemd.UserDatabase.NoRecordFound","parameters":{}}',
];

function stableCodec<T>(codec: Codec<T>, bytes: Uint8Array): void {
  stable(decodeAll(codec, bytes), (value) => decodeAll(codec, encodeAll(codec, value)));
}

/** The outcome of the first that takes it, else of the last. */
function anyOf(codecs: readonly Codec<unknown>[], bytes: Uint8Array): string {
  const outcomes = codecs.map((codec) => refusedOr(() => stableCodec(codec, bytes)));
  return outcomes.includes("value") ? "value" : (outcomes.at(-1) ?? "");
}

/** Golden packets, every option of the table alone, and both in envelopes. */
export function dhcp6Samples(): readonly Uint8Array[] {
  const golden = goldenPackets("dhcp6-frame").map(({ bytes, expected }) => decodeUdp6(decodeIpv6Frame(bytes), expected).payload);
  const envelope = bytesOf(`0c 00 20010db8000200000000000000000001 fe80${"00".repeat(13)}02`);
  const single = (place: Place, head: Uint8Array) =>
    optionsAt(place).flatMap(({ code, samples }) => samples.map(({ hex }) => joined(head, optionOf(code, bytesOf(hex)))));
  const relayed = golden.map((inner) => joined(envelope, optionOf(18, utf8.encode("lan0")), optionOf(9, inner)));
  const twice = relayed.map((inner) => joined(envelope, optionOf(9, inner)));
  const alone = single("relay", joined(envelope, optionOf(9, golden[0] ?? REPLY)));
  return [...golden, ...relayed, ...twice, ...single("message", bytesOf("07 112233")), ...alone];
}

function optionOf(code: number, body: Uint8Array): Uint8Array {
  return joined(Uint8Array.of(code >> 8, code, body.length >> 8, body.length), body);
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

function dhcp6Read(bytes: Uint8Array): void {
  const message = decodeDhcp6(bytes);
  stable(message, (value) => decodeDhcp6(encodeDhcp6(value)));
  assert.ok(describeDhcp6(message).length < 64 * bytes.length + 1000);
  if (isRelayMessage(message)) assert.ok(message.options.relayMessage.length < bytes.length);
}

const RECONFIGURES = [RENEW, REBIND, INFORM].map(bytesOf);

function reconfigured(datagram: Uint8Array): void {
  const message = decodeDhcp6(datagram);
  if (isRelayMessage(message)) return;
  const keeper = new ReconfigureKeeper();
  keeper.restore(RECORD);
  const { kind } = keeper.judge({ datagram, message, toUs: true }, DUID);
  assert.equal(
    kind === "reconfigure",
    RECONFIGURES.some((one) => equalBytes(one, datagram)),
  );
}

function icmp6Samples(): readonly Uint8Array[] {
  return goldenPackets("icmp6-frame").map(({ bytes }) => decodeIpv6Frame(bytes).payload);
}

/** Sums are mended, or nothing but sums would be tested. */
function icmp6Read(bytes: Uint8Array): void {
  const message = decodeIcmp6(bytes, HEADER, { checksum: "offloaded" });
  stable(message, (value) => decodeIcmp6(encodeIcmp6(value, HEADER), HEADER, { checksum: "verify" }));
}

export function ldapSamples(): readonly Uint8Array[] {
  const captured = streams("ldap").flatMap((bytes) => [...framesOf(bytes, new LdapFrames())]);
  return [...captured, ...LDAP_MESSAGES.map(([, , hex]) => bytesOf(hex))];
}

function ldapRead(bytes: Uint8Array): void {
  const message = decodeLdap(bytes);
  stable(message, (value) => decodeLdap(encodeLdap(value)));
  const { operation } = message;
  const dn = operation.kind === "searchResultEntry" ? parseDn(operation.name) : undefined;
  if (dn !== undefined) assert.deepEqual(parseDn(printDn(dn)), dn);
  if (operation.kind === "intermediateResponse" && operation.value !== undefined) {
    const value = operation.value;
    refusedOr(() => stableCodec(syncInfo, value));
  }
}

export function rpcSamples(): readonly Uint8Array[] {
  return conversations("rpc").flatMap(({ name, parts }) =>
    parts.flatMap(({ bytes }) => (name.includes("-tcp") ? [...framesOf(bytes, new RpcRecords())] : [bytes])),
  );
}

function streams(folder: "ldap" | "rpc"): readonly Uint8Array[] {
  return conversations(folder)
    .filter(({ name }) => !name.includes("-udp"))
    .flatMap(({ parts }) => parts.map(({ bytes }) => bytes));
}

type Frames = { push(chunk: Uint8Array): void; next(): Uint8Array | undefined; readonly pendingBytes: number };

function* framesOf(bytes: Uint8Array, frames: Frames): Generator<Uint8Array> {
  frames.push(bytes);
  for (let frame = frames.next(); frame !== undefined; frame = frames.next()) yield frame.slice();
}

/** The same messages and the same refusal, whether the bytes come at once or in pieces; and no more is kept than may be. */
function cutAnywhere(bytes: Uint8Array, fresh: () => Frames, mostBytes: number): string {
  const [whole, pieces] = [fresh(), fresh()];
  const seen: Uint8Array[] = [];
  const atOnce = refusedOr(() => {
    for (const frame of framesOf(bytes, whole)) seen.push(frame);
  });
  const again: Uint8Array[] = [];
  const size = 1 + ((bytes[0] ?? 0) % 7);
  const cut = refusedOr(() => {
    for (let at = 0; at < bytes.length; at += size) {
      for (const frame of framesOf(bytes.slice(at, at + size), pieces)) again.push(frame);
      assert.ok(pieces.pendingBytes <= mostBytes + size + 4, `${pieces.pendingBytes} bytes are kept`);
    }
  });
  assert.equal(cut, atOnce);
  assert.deepEqual(again, seen);
  assert.ok(seen.reduce((sum, { length }) => sum + length, 0) <= bytes.length);
  return atOnce;
}
