/** DHCPv6 in plain octets (RFC 9915 §8, §21), written and read without the program's own codecs: for load, traces and captures. */
import { readFileSync } from "node:fs";

export const TYPE6 = {
  solicit: 1,
  advertise: 2,
  request: 3,
  confirm: 4,
  renew: 5,
  rebind: 6,
  reply: 7,
  release: 8,
  relayForward: 12,
  relayReply: 13,
} as const;
export const CODE6 = {
  clientId: 1,
  serverId: 2,
  iaNa: 3,
  iaAddress: 5,
  elapsed: 8,
  relayMessage: 9,
  status: 13,
  rapidCommit: 14,
  iaPd: 25,
  iaPrefix: 26,
} as const;
const NAMES = [
  ...["", "solicit", "advertise", "request", "confirm", "renew", "rebind", "reply", "release", "decline", "reconfigure"],
  ...["information-request", "relay-forward", "relay-reply"],
];

/** An address (length 128) or a prefix: 32 hexadecimal digits, `/`, length. */
export type Resource = string;
export type Given = { readonly resource: Resource; readonly preferredSeconds: number; readonly validSeconds: number };
export type Association = { readonly code: number; readonly iaid: number; readonly given: readonly Given[]; readonly status: number };
export type Message6 = {
  readonly type: number;
  readonly transaction: number;
  /** Hexadecimal; empty when there is none. */
  readonly clientId: string;
  readonly serverId: string;
  readonly associations: readonly Association[];
  readonly rapid: boolean;
  readonly status: number;
};

type Option = { readonly code: number; readonly value: Buffer };

/** Behind all relays. @returns undefined for what is none */
export function readMessage6(bytes: Buffer): Message6 | undefined {
  if (bytes.length < 4) return undefined;
  const type = bytes.readUInt8(0);
  if (type === TYPE6.relayForward || type === TYPE6.relayReply) {
    const inner = optionsIn(bytes.subarray(34))?.find(({ code }) => code === CODE6.relayMessage);
    return inner === undefined ? undefined : readMessage6(inner.value);
  }
  const options = optionsIn(bytes.subarray(4));
  if (options === undefined) return undefined;
  const identifier = (wanted: number): string => options.find(({ code }) => code === wanted)?.value.toString("hex") ?? "";
  return {
    type,
    transaction: bytes.readUIntBE(1, 3),
    clientId: identifier(CODE6.clientId),
    serverId: identifier(CODE6.serverId),
    associations: options.filter(({ code, value }) => (code === CODE6.iaNa || code === CODE6.iaPd) && value.length >= 12).map(associationOf),
    rapid: options.some(({ code }) => code === CODE6.rapidCommit),
    status: statusIn(options),
  };
}

function optionsIn(bytes: Buffer): readonly Option[] | undefined {
  const options: Option[] = [];
  for (let at = 0; at < bytes.length; ) {
    if (at + 4 > bytes.length) return undefined;
    const end = at + 4 + bytes.readUInt16BE(at + 2);
    if (end > bytes.length) return undefined;
    options.push({ code: bytes.readUInt16BE(at), value: bytes.subarray(at + 4, end) });
    at = end;
  }
  return options;
}

function associationOf({ code, value }: Option): Association {
  const options = optionsIn(value.subarray(12)) ?? [];
  const given = options.flatMap((one): readonly Given[] => {
    if (one.code === CODE6.iaAddress && one.value.length >= 24)
      return [
        {
          resource: resourceOf(one.value.subarray(0, 16), 128),
          preferredSeconds: one.value.readUInt32BE(16),
          validSeconds: one.value.readUInt32BE(20),
        },
      ];
    if (one.code !== CODE6.iaPrefix || one.value.length < 25) return [];
    const resource = resourceOf(one.value.subarray(9, 25), one.value.readUInt8(8));
    return [{ resource, preferredSeconds: one.value.readUInt32BE(0), validSeconds: one.value.readUInt32BE(4) }];
  });
  return { code, iaid: value.readUInt32BE(0), given, status: statusIn(options) };
}

function statusIn(options: readonly Option[]): number {
  const status = options.find(({ code, value }) => code === CODE6.status && value.length >= 2);
  return status?.value.readUInt16BE(0) ?? 0;
}

export function resourceOf(address: Uint8Array, length: number): Resource {
  return `${Buffer.from(address).toString("hex")}/${length}`;
}

export type Asked = { readonly code: number; readonly iaid: number; readonly resource?: Resource | undefined };
export type Question6 = {
  readonly type: number;
  readonly transaction: number;
  readonly clientId: string;
  readonly serverId?: string | undefined;
  readonly rapid?: boolean;
  readonly associations: readonly Asked[];
};

export function writeMessage6({ type, transaction, clientId, serverId, rapid = false, associations }: Question6): Buffer {
  return Buffer.concat([
    number(type, 1),
    number(transaction, 3),
    option(CODE6.clientId, Buffer.from(clientId, "hex")),
    ...(serverId === undefined ? [] : [option(CODE6.serverId, Buffer.from(serverId, "hex"))]),
    option(CODE6.elapsed, number(0, 2)),
    ...(rapid ? [option(CODE6.rapidCommit, Buffer.alloc(0))] : []),
    ...associations.map(({ code, iaid, resource }) =>
      option(code, Buffer.concat([number(iaid, 4), Buffer.alloc(8), ...(resource === undefined ? [] : [resourceOption(resource)])])),
    ),
  ]);
}

function resourceOption(resource: Resource): Buffer {
  const [address = "", length = "128"] = resource.split("/");
  const bytes = Buffer.from(address, "hex");
  if (length === "128") return option(CODE6.iaAddress, Buffer.concat([bytes, Buffer.alloc(8)]));
  return option(CODE6.iaPrefix, Buffer.concat([Buffer.alloc(8), number(Number(length), 1), bytes]));
}

function option(code: number, value: Buffer): Buffer {
  return Buffer.concat([number(code, 2), number(value.length, 2), value]);
}

function number(value: number, bytes: number): Buffer {
  const out = Buffer.alloc(bytes);
  out.writeUIntBE(value, 0, bytes);
  return out;
}

/** A DHCPv6 message as it passed on an Ethernet wire. */
export type Passed6 = Message6 & { readonly atSeconds: number; readonly name: string; readonly fromServer: boolean };

/**
 * What tcpdump has written of DHCPv6 so far, without asking another program: for waiting. @param file with frames of Ethernet, in the
 * byte order of this machine
 */
export function passed6(file: string): readonly Passed6[] {
  const bytes = readFileSync(file);
  const found: Passed6[] = [];
  for (let at: number = PCAP.head; at + PCAP.record <= bytes.length; ) {
    const end = at + PCAP.record + bytes.readUInt32LE(at + 8);
    if (end > bytes.length) break; // being written
    const frame = bytes.subarray(at + PCAP.record, end);
    const atSeconds = bytes.readUInt32LE(at) + bytes.readUInt32LE(at + 4) / 1e6;
    at = end;
    if (frame.length < PCAP.payload || frame.readUInt16BE(12) !== PCAP.ipv6 || frame.readUInt8(20) !== PCAP.udp) continue;
    const message = readMessage6(frame.subarray(PCAP.payload));
    if (message !== undefined)
      found.push({
        ...message,
        atSeconds,
        name: NAMES[message.type] ?? String(message.type),
        fromServer: frame.readUInt16BE(54) === 547 && frame.readUInt16BE(56) === 546,
      });
  }
  return found;
}
const PCAP = { head: 24, record: 16, payload: 14 + 40 + 8, ipv6: 0x86dd, udp: 17 } as const;
