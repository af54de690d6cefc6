/** `leasehold decode`: DHCP messages of a capture, or of octets in hexadecimal, as text. The file is read with its caller's rights. */
import { readFileSync } from "node:fs";
import type { Command } from "commander";
import { Reader } from "../base/cursor.ts";
import { WireError } from "../base/errors.ts";
import { type Ipv6Address, ipv6Address } from "../base/ipv6.ts";
import { escapeText } from "../base/text.ts";
import { describeDhcp4 } from "../wire/dhcp4/describe.ts";
import { decodeDhcp4 } from "../wire/dhcp4/message.ts";
import { describeDhcp6 } from "../wire/dhcp6/describe.ts";
import { decodeDhcp6 } from "../wire/dhcp6/message.ts";
import { readEthernet } from "../wire/ip/ethernet.ts";
import { decodeUdpFrame } from "../wire/ip/udp.ts";
import { decodePcap } from "../wire/pcap/pcap.ts";
import { EXIT, finish } from "./output.ts";

type Ports = { readonly sourcePort: number; readonly destinationPort: number };
type Datagram = Ports & { readonly source: string; readonly destination: string; readonly payload: Uint8Array; readonly doubt: string };

const PORTS4 = [67, 68];
const PORTS6 = [546, 547];
const IPV6_ETHER_TYPE = 0x86dd;
const UDP = 17;
/** Of a header. */
const UDP_BYTES = 8;
const STANDARD_INPUT = 0;

export function decodeCommand(program: Command): void {
  program
    .command("decode")
    .description("print the DHCP messages of a capture (pcap), or of octets in hexadecimal: a message or a whole Ethernet frame")
    .argument("<file>", "- is standard input")
    .addHelpText(
      "after",
      "\nTo capture: tcpdump -i eth0 -w FILE 'port 67 or port 68 or port 546 or port 547'\nExit codes: 0 something was printed, 1 nothing could be.",
    )
    .action((file: string) => {
      const texts = decoded(input(file));
      if (texts.length === 0)
        finish(EXIT.failed, "there is no DHCP message in it: a pcap file (not pcapng) of Ethernet, or hexadecimal octets, was expected");
      finish(texts.every((text) => text.includes(UNREADABLE)) ? EXIT.failed : EXIT.done, texts.join("\n\n"), 1);
    });
}

function input(file: string): Uint8Array {
  try {
    return readFileSync(file === "-" ? STANDARD_INPUT : file);
  } catch (error) {
    return finish(EXIT.failed, escapeText(error instanceof Error ? error.message : String(error)));
  }
}

/** One text a message; frames that hold none are passed over. */
export function decoded(bytes: Uint8Array): readonly string[] {
  const hex = hexOctets(bytes);
  if (hex !== undefined) return [fromFrame(hex, "") ?? fromMessage(hex)];
  try {
    return decodePcap(bytes).flatMap(
      ({ atMicroseconds, bytes: frame }) => fromFrame(frame, `${new Date(atMicroseconds / 1000).toISOString()} `) ?? [],
    );
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    return [];
  }
}

function fromFrame(frame: Uint8Array, when: string): string | undefined {
  const found = datagram4(frame) ?? datagram6(frame);
  if (found === undefined) return undefined;
  const { source, destination, sourcePort, destinationPort, payload, doubt } = found;
  const head = `${when}${source} port ${sourcePort} to ${destination} port ${destinationPort}${doubt}`;
  const text =
    PORTS6.includes(destinationPort) || PORTS6.includes(sourcePort)
      ? described(() => describeDhcp6(decodeDhcp6(payload)))
      : described(() => describeDhcp4(decodeDhcp4(payload)));
  return `${head}\n${text}`;
}

/** DHCPv6 knows no magic number: what DHCPv4 does not read is tried as that. */
function fromMessage(bytes: Uint8Array): string {
  const text = described(() => describeDhcp4(decodeDhcp4(bytes)));
  return text.startsWith(UNREADABLE) && bytes.length < BOOTP_BYTES ? described(() => describeDhcp6(decodeDhcp6(bytes))) : text;
}
/** Shorter is no DHCPv4 message (RFC 951 §3, RFC 2132 §2). */
const BOOTP_BYTES = 240;
const UNREADABLE = "cannot be read: ";

function described(describe: () => string): string {
  try {
    return describe();
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    return `${UNREADABLE}${error.code} at octet ${error.offset} (docs/errors.md says what that means)`;
  }
}

function datagram4(frame: Uint8Array): Datagram | undefined {
  for (const [checksum, doubt] of [
    ["verify", ""],
    ["offloaded", " (with a wrong UDP checksum)"],
  ] as const) {
    try {
      const found = decodeUdpFrame(frame, { checksum });
      return concerns(found, PORTS4) ? { ...found, doubt } : undefined;
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      if (error.code !== "bad-checksum") return undefined;
    }
  }
  return undefined;
}

/** UDP straight after the header: nobody sends DHCPv6 with extension headers. */
function datagram6(frame: Uint8Array): Datagram | undefined {
  try {
    const reader = new Reader(frame);
    readEthernet(reader, IPV6_ETHER_TYPE);
    reader.skip(6); // version, traffic class, flow label, length
    const protocol = reader.u8();
    reader.skip(1); // hop limit
    const [source, destination]: readonly Ipv6Address[] = [ipv6Address.decode(reader), ipv6Address.decode(reader)];
    const ports = { sourcePort: reader.u16(), destinationPort: reader.u16() };
    const lengthBytes = reader.u16();
    reader.skip(2); // checksum
    if (protocol !== UDP || lengthBytes < UDP_BYTES || !concerns(ports, PORTS6)) return undefined;
    return { ...ports, source: source ?? "", destination: destination ?? "", payload: reader.bytes(lengthBytes - UDP_BYTES), doubt: "" };
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    return undefined;
  }
}

function concerns({ sourcePort, destinationPort }: Ports, ports: readonly number[]): boolean {
  return ports.includes(sourcePort) || ports.includes(destinationPort);
}

/** Two digits an octet, with whatever stands between them: white space, colons, 0x. */
function hexOctets(bytes: Uint8Array): Uint8Array | undefined {
  const text = new TextDecoder("latin1").decode(bytes).replace(/0x|[\s:,]/g, "");
  if (text === "" || !/^(?:[0-9a-fA-F]{2})+$/.test(text)) return undefined;
  return new Uint8Array(text.match(/../g)?.map((pair) => Number.parseInt(pair, 16)) ?? []);
}
