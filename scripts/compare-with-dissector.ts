/**
 * A second opinion: another program's dissector (tshark) reads what we encode and what we read.
 *
 * Every sample of the option tables (DHCPv4, DHCPv6, neighbour discovery) is encoded into a frame of its own; the golden packets
 * go beside them. The dissector must find nothing malformed in ours, and must see the same option codes and fields in the golden ones as we do.
 *
 *   node --import tsx scripts/compare-with-dissector.ts [--plant]    --plant adds broken frames, which must be found
 *
 * Exit 0: nothing found. 1: findings, one a line. 3: tshark is not installed.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bytesOf } from "../src/base/hex.ts";
import type { Ipv4Address } from "../src/base/ipv4.ts";
import type { MacAddress } from "../src/base/mac.ts";
import { chaddr, macOfChaddr } from "../src/wire/dhcp4/hardware.ts";
import { type Dhcp4Message, decodeDhcp4, dhcp4, encodeDhcp4 } from "../src/wire/dhcp4/message.ts";
import { everyOption } from "../src/wire/dhcp4/options.ts";
import { decodeUdpFrame, encodeUdpFrame } from "../src/wire/ip/udp.ts";
import { encodePcap } from "../src/wire/pcap/pcap.ts";
import { goldenPackets } from "../test/wire/dhcp4/golden.ts";
import { codesOf6, type Packet6, packetsOverIpv6, planted6 } from "./dissector-samples6.ts";

/** What the dissector is asked for, and what it may answer. */
const FIELDS = [
  "_ws.malformed",
  "_ws.expert.severity",
  "_ws.expert.message",
  "udp.checksum.status",
  "dhcp.option.type",
  "dhcp.id",
  "dhcp.hw.mac_addr",
  "dhcp.ip.client",
  "dhcp.ip.your",
  "dhcp.ip.server",
  "dhcp.option.dhcp",
  "dhcp.option.ip_address_lease_time",
  "dhcp.option.subnet_mask",
  "dhcp.option.dhcp_server_id",
  "dhcp.option.router",
  "dhcp.option.domain_name_server",
  "dhcpv6.option.type",
  "dhcpv6.xid",
  "dhcpv6.iaaddr.ip",
  "dhcpv6.iaprefix.pref_addr",
  "icmpv6.checksum.status",
  "icmpv6.opt.type",
] as const;
type Field = (typeof FIELDS)[number];
type Dissected = Readonly<Record<Field, readonly string[]>>;
type Packet = Packet4 | Packet6;
type Packet4 = {
  readonly family: "dhcp4";
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly checksum: "verify" | "offloaded";
  readonly ours: boolean;
};

/** Severities of the dissector's expert information from which on it is a finding: warning. */
const WARNING = 0x600000;
const GOOD_CHECKSUM = "1";
/** Pad, overload and end: decoding uses them up. */
const USED_UP: readonly number[] = [0, 52, 255];

const SERVER = { mac: "02:00:5e:00:00:01" as MacAddress, address: "192.0.2.1" as Ipv4Address };
const CLIENT = { mac: "02:00:5e:00:00:02" as MacAddress, address: "192.0.2.10" as Ipv4Address };

process.exitCode = main(process.argv.includes("--plant"));

function main(plant: boolean): number {
  const golden: readonly Packet[] = goldenPackets().map(({ name, bytes, expected }) => ({
    family: "dhcp4",
    name,
    bytes,
    checksum: expected.checksum,
    ours: false,
  }));
  const packets = [...golden, ...samplePackets(), ...packetsOverIpv6(), ...(plant ? [planted(), planted6()] : [])];
  const dissected = dissect(packets.map(({ bytes }) => bytes));
  if (dissected === undefined) {
    console.error("tshark is not installed; on Debian: apt-get install tshark");
    return 3;
  }
  const findings = packets.flatMap((packet, i) => {
    const seen = dissected[i];
    return seen === undefined ? [`${packet.name}: the dissector did not see it`] : judge(packet, seen).map((finding) => `${packet.name}: ${finding}`);
  });
  for (const finding of findings) console.error(finding);
  console.log(`${packets.length} packets compared with the dissector, ${findings.length} findings`);
  return findings.length === 0 ? 0 : 1;
}

function judge(packet: Packet, seen: Dissected): readonly string[] {
  return packet.family === "dhcp4" ? judge4(packet, seen) : judge6(packet, seen);
}

function judge6(packet: Packet6, seen: Dissected): readonly string[] {
  const findings = packet.ours ? [...complaints(seen)] : [];
  const differs = (field: Field, expected: readonly string[]): void => {
    if (seen[field].join() !== expected.join()) findings.push(`${field} is ${seen[field].join()} there and ${expected.join()} here`);
  };
  const same = (field: Field, expected: readonly number[]): void => {
    const there = [...new Set(seen[field].map(Number))].toSorted((a, b) => a - b);
    if (there.join() !== expected.join()) findings.push(`${field} is ${there.join()} there and ${expected.join()} here`);
  };
  if (packet.family === "icmp6") {
    differs("icmpv6.checksum.status", [GOOD_CHECKSUM]);
    same("icmpv6.opt.type", codesOf6(packet));
    return findings;
  }
  if (packet.checksum === "verify") differs("udp.checksum.status", [GOOD_CHECKSUM]);
  same("dhcpv6.option.type", codesOf6(packet));
  if (packet.ours) return findings;
  const { message } = packet;
  if (!("transactionId" in message)) return findings;
  const { iaNa = [], iaPd = [] } = message.options;
  differs("dhcpv6.xid", [`0x${message.transactionId.toString(16).padStart(6, "0")}`]);
  differs(
    "dhcpv6.iaaddr.ip",
    iaNa.flatMap(({ options }) => (options.iaAddress ?? []).map(({ address }) => address)),
  );
  differs(
    "dhcpv6.iaprefix.pref_addr",
    iaPd.flatMap(({ options }) => (options.iaPrefix ?? []).map(({ prefix }) => prefix.replace(/\/\d+$/, ""))),
  );
  return findings;
}

function judge4(packet: Packet4, seen: Dissected): readonly string[] {
  const message = decodeDhcp4(decodeUdpFrame(packet.bytes, packet).payload);
  const findings = packet.ours ? [...complaints(seen)] : []; // other people's packets are theirs to get right
  const differs = (field: Field, expected: readonly string[]): void => {
    if (seen[field].join() !== expected.join()) findings.push(`${field} is ${seen[field].join()} there and ${expected.join()} here`);
  };
  if (packet.checksum === "verify") differs("udp.checksum.status", [GOOD_CHECKSUM]);
  const codes = [...new Set(seen["dhcp.option.type"])].map(Number).filter((code) => !USED_UP.includes(code));
  const expected = codesOf(message);
  if (codes.toSorted().join() !== expected.toSorted().join()) findings.push(`option codes are ${codes.join()} there and ${expected.join()} here`);
  if (packet.ours) return findings;
  const { options } = message;
  const list = (value: string | number | undefined): readonly string[] => (value === undefined ? [] : [String(value)]);
  differs("dhcp.id", [`0x${message.xid.toString(16).padStart(8, "0")}`]);
  if (seen["dhcp.hw.mac_addr"][0] !== macOfChaddr(message)) findings.push("chaddr differs"); // further ones stand in option 61
  differs("dhcp.ip.client", [message.ciaddr]);
  differs("dhcp.ip.your", [message.yiaddr]);
  differs("dhcp.ip.server", [message.siaddr]);
  differs("dhcp.option.ip_address_lease_time", list(options.leaseSeconds));
  differs("dhcp.option.subnet_mask", list(options.subnetMask));
  differs("dhcp.option.dhcp_server_id", list(options.serverId));
  differs("dhcp.option.router", options.routers ?? []);
  differs("dhcp.option.domain_name_server", options.domainNameServers ?? []);
  return findings;
}

/** What the dissector itself says is wrong. No complaint is excepted: a dissector that errs gets an exception with its reason here. */
function complaints(seen: Dissected): readonly string[] {
  return [...seen["_ws.expert.message"].filter((_, i) => Number(seen["_ws.expert.severity"][i]) >= WARNING), ...seen["_ws.malformed"]];
}

function codesOf(message: Dhcp4Message): readonly number[] {
  const values = message.options as Readonly<Record<string, unknown>>;
  const known = everyOption()
    .filter(({ key }) => values[key] !== undefined)
    .map(({ code }) => code);
  return [...new Set([...known, ...message.unknown.map(({ code }) => code)])];
}

/** One packet for each sample of each entry, and one with an option that needs two instances (RFC 3396). */
function samplePackets(): readonly Packet4[] {
  const samples = everyOption().filter(({ key }) => key !== "messageType"); // that one stands in each of them
  const packets = samples.flatMap(({ key, code, samples: values }) =>
    values.map(({ value, hex }) => {
      const payload = encodeDhcp4(base({ options: { messageType: "ack", [key]: value }, unknown: [] }));
      return framed(`sample ${code} ${key} ${hex}`, key === "overload" ? withEnds(payload) : payload);
    }),
  );
  const long = { options: { messageType: "ack" }, unknown: [{ code: 224, bytes: new Uint8Array(300).fill(7) }] } as const;
  return [...packets, framed("sample 224 of 300 bytes", encodeDhcp4(base(long)))];
}

/** Overloaded sname and file hold at least END; our encoder overloads nothing, so they are put there by hand. */
function withEnds(payload: Uint8Array): Uint8Array {
  return payload.map((byte, i) => (i === 44 || i === 108 ? 255 : byte));
}

/** A control: an MTU of one byte. Our decoder sets it aside; the dissector must be the one to complain. */
function planted(): Packet4 {
  return framed("planted", encodeDhcp4(base({ options: { messageType: "ack" }, unknown: [{ code: 26, bytes: bytesOf("05") }] })));
}

function base(given: Pick<Dhcp4Message, "options" | "unknown">): Dhcp4Message {
  return dhcp4({ op: "reply", xid: 0x11223344, yiaddr: CLIENT.address, chaddr: chaddr(CLIENT.mac), ...given });
}

function framed(name: string, payload: Uint8Array): Packet4 {
  const addresses = { sourceMac: SERVER.mac, destinationMac: CLIENT.mac, source: SERVER.address, destination: CLIENT.address };
  return {
    family: "dhcp4",
    name,
    bytes: encodeUdpFrame({ ...addresses, sourcePort: 67, destinationPort: 68, payload }),
    checksum: "verify",
    ours: true,
  };
}

/** @returns undefined when tshark is not installed */
function dissect(frames: readonly Uint8Array[]): readonly Dissected[] | undefined {
  const folder = mkdtempSync(join(tmpdir(), "dissector-"));
  try {
    const file = join(folder, "packets.pcap");
    writeFileSync(file, encodePcap(frames.map((bytes, i) => ({ atMicroseconds: i * 1000, bytes }))));
    const wanted = FIELDS.flatMap((field) => ["-e", field]);
    const checks = ["-o", "udp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE"];
    const run = spawnSync("tshark", ["-n", "-r", file, ...checks, "-T", "json", ...wanted], {
      encoding: "utf8",
      maxBuffer: 64 * 1024 * 1024,
      timeout: 120_000,
    });
    if (run.error !== undefined && "code" in run.error && run.error.code === "ENOENT") return undefined;
    if (run.status !== 0) throw new Error(`tshark ended with ${run.status}: ${run.stderr}`);
    const packets = JSON.parse(run.stdout) as readonly { readonly _source: { readonly layers: Partial<Dissected> } }[];
    return packets.map(({ _source: { layers } }) => Object.fromEntries(FIELDS.map((field) => [field, layers[field] ?? []])) as Dissected);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
