/** Messages of every role: start, descriptors of peers, links, datagrams by link, records, views. */
import { bytes16, choice, empty, list16, struct, text16, u8, u16, u32 } from "../../base/codec.ts";
import { ipv6Address } from "../../base/ipv6.ts";
import { LIMITS } from "../../base/limits.ts";
import { LOG_LEVELS } from "../../ports/log.ts";
import { bytes32, interfaceName, NAME_BYTES } from "./codecs.ts";
import { ENGINES, type EngineName, message, ROLES } from "./message.ts";

const CHILDREN = ["frontend", ...ENGINES, "fetcher", "control"] as const;
/** What an engine can be asked to tell. */
const VIEWS = ["show", "trace", "record", "explain"] as const;

/** Sockets of the frontend that carry whole datagrams, and whose they are. */
export const DATAGRAM_OWNERS = {
  "dhcp6-client": "engine-uplink6",
  /** Router advertisements of an uplink, and our solicitations. */
  "icmp6-uplink": "engine-uplink6",
  icmp6: "engine-lan",
} as const satisfies Readonly<Record<string, EngineName>>;
export type DatagramPurpose = keyof typeof DATAGRAM_OWNERS;
const DATAGRAM_PURPOSES = ["dhcp6-client", "icmp6-uplink", "icmp6"] as const satisfies readonly DatagramPurpose[];
const purpose = choice(DATAGRAM_PURPOSES);
const DATAGRAM_ENGINES = ["engine-uplink6", "engine-lan"] as const;

/** What an operator may ask main for; the argument is a level for `log`, an interface or a source of the directory for those after it. */
export const COMMANDS = ["reload", "log", "renew", "release", "reboot", "attach", "detach", "refresh", "accept", "probe"] as const;
export type CommandVerb = (typeof COMMANDS)[number];
/** Whose interface it is about; "any": of whichever service, or of none. */
export const COMMAND_SERVICES = ["uplink4", "uplink6", "any"] as const;
export type CommandService = (typeof COMMAND_SERVICES)[number];
/** What became of it: done, not for this user, no such thing, or not possible. */
export const COMMAND_RESULTS = ["done", "denied", "absent", "failed"] as const;
export type CommandResult = (typeof COMMAND_RESULTS)[number];

/** What the kernel can be asked to list again. */
const KERNEL_LISTS = ["links", "addresses6", "routes6"] as const;
export type KernelList = (typeof KERNEL_LISTS)[number];

export const COMMON = {
  // every role says it once, when its fence stands
  ready: message({
    type: 1,
    from: CHILDREN,
    to: ["main"],
    body: struct({ role: choice(ROLES), lacking: list16(text16(64), 16) }),
    when: ["starting"],
    then: "running",
  }),
  logRecord: message({
    type: 2,
    from: CHILDREN,
    to: ["main"],
    body: struct({ level: choice(LOG_LEVELS), event: text16(64), fields: list16(struct({ name: text16(64), value: text16(1024) }), 32) }),
  }),

  // main to roles
  peer: message({ type: 10, from: ["main"], to: CHILDREN, body: struct({ role: choice(ROLES) }), descriptors: 1, when: ["starting", "running"] }),
  start: message({ type: 11, from: ["main"], to: CHILDREN, body: empty, when: ["starting"], then: "running" }),
  storedLease: message({
    type: 13,
    from: ["main"],
    to: ["engine-uplink4", "engine-uplink6", "engine-lan"],
    body: struct({ name: interfaceName, record: bytes16(LIMITS.leaseFileBytes) }),
  }),
  netlinkSocket: message({ type: 14, from: ["main"], to: ["frontend"], body: empty, descriptors: 1 }),
  /** The program ends: whoever should hear it from us is told. */
  farewell: message({ type: 23, from: ["main"], to: ENGINES, body: empty }),
  kernelFailed: message({ type: 18, from: ["main"], to: ENGINES, body: struct({ name: text16(NAME_BYTES), what: text16(64), errno: u16 }) }),
  logLevel: message({ type: 19, from: ["main"], to: CHILDREN, body: struct({ level: choice(LOG_LEVELS) }) }),

  // an engine asks main
  saveLease: message({
    type: 34,
    from: ["engine-uplink4", "engine-uplink6", "engine-lan"],
    to: ["main"],
    body: struct({ name: interfaceName, record: bytes16(LIMITS.leaseFileBytes) }),
  }),
  forgetLease: message({ type: 35, from: ["engine-uplink4", "engine-uplink6", "engine-lan"], to: ["main"], body: struct({ name: interfaceName }) }),

  // frontend and engines: what the kernel says
  netlink: message({
    type: 41,
    from: ["frontend"],
    to: ENGINES,
    body: struct({ datagram: bytes32(LIMITS.channelFrameBytes - 64) }),
    when: ["starting", "running"],
  }),
  /** Events were lost; everything must be listed again. */
  netlinkOverrun: message({ type: 42, from: ["frontend"], to: ENGINES, body: empty, when: ["starting", "running"] }),
  /** The answers of a list are the next ones of their kind: all engines see them. */
  listKernel: message({ type: 44, from: ENGINES, to: ["frontend"], body: struct({ what: choice(KERNEL_LISTS) }), when: ["starting", "running"] }),

  // frontend and engines: datagrams by link
  openDatagramSocket: message({ type: 60, from: DATAGRAM_ENGINES, to: ["main"], body: struct({ purpose, link: u32, name: text16(NAME_BYTES) }) }),
  closeDatagramSocket: message({ type: 61, from: DATAGRAM_ENGINES, to: ["main"], body: struct({ purpose, link: u32, name: text16(NAME_BYTES) }) }),
  datagramSocket: message({ type: 62, from: ["main"], to: ["frontend"], body: struct({ purpose, link: u32 }), descriptors: 1 }),
  closeDatagrams: message({ type: 63, from: ["main"], to: ["frontend"], body: struct({ purpose, link: u32 }) }),
  datagramSocketReady: message({
    type: 64,
    from: ["frontend"],
    to: DATAGRAM_ENGINES,
    body: struct({ purpose, link: u32 }),
    when: ["starting", "running"],
  }),
  datagrams: message({
    type: 65,
    from: ["frontend"],
    to: DATAGRAM_ENGINES,
    body: struct({
      purpose,
      link: u32,
      dropped: u32,
      datagrams: list16(
        struct({ from: ipv6Address, port: u16, to: ipv6Address, hopLimit: u8, payload: bytes16(LIMITS.datagramBytes) }),
        LIMITS.channelBatch,
      ),
    }),
    when: ["starting", "running"],
  }),
  sendDatagram: message({
    type: 66,
    from: DATAGRAM_ENGINES,
    to: ["frontend"],
    body: struct({ purpose, link: u32, from: ipv6Address, to: ipv6Address, port: u16, payload: bytes16(LIMITS.rpcReplyDatagramBytes) }),
    when: ["starting", "running"],
  }),

  // control asks
  /** `name` and `after` are for lists: whose, and from which row on. Of what is only recorded while asked to: for how many seconds. */
  viewRequest: message({
    type: 50,
    from: ["control"],
    to: ENGINES,
    body: struct({ request: u32, view: choice(VIEWS), name: text16(NAME_BYTES), after: u32 }),
    when: ["starting", "running"],
  }),
  view: message({
    type: 51,
    from: ENGINES,
    to: ["control"],
    body: struct({ request: u32, json: bytes32(LIMITS.channelFrameBytes / 2) }),
    when: ["starting", "running"],
  }),
  connection: message({ type: 20, from: ["main"], to: ["control"], body: struct({ number: u32, uid: u32 }), descriptors: 1 }),
  mainView: message({ type: 21, from: ["main"], to: ["control"], body: struct({ request: u32, json: bytes32(LIMITS.channelFrameBytes / 2) }) }),
  outcome: message({
    type: 22,
    from: ["main"],
    to: ["control"],
    body: struct({ connection: u32, result: choice(COMMAND_RESULTS), text: text16(16_384) }),
  }),
  mainViewRequest: message({ type: 52, from: ["control"], to: ["main"], body: struct({ request: u32 }) }),
  /** A write, asked for under the number of the connection it came in on; main decides by the uid it noted itself. */
  command: message({
    type: 53,
    from: ["control"],
    to: ["main"],
    body: struct({ connection: u32, service: choice(COMMAND_SERVICES), verb: choice(COMMANDS), argument: text16(64) }),
  }),
  connectionClosed: message({ type: 54, from: ["control"], to: ["main"], body: struct({ connection: u32 }) }),
} as const;
