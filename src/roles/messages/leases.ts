/** Messages about leases one by one: lists page by page, and what an operator changes. */
import { bytes16, type Codec, choice, flag, list16, optional, struct, text16, u32 } from "../../base/codec.ts";
import { domainName, LABEL_BYTES } from "../../base/domain.ts";
import { ipv6Address } from "../../base/ipv6.ts";
import { LIMITS } from "../../base/limits.ts";
import { LEASE_EVENTS, LEASE_KINDS, LEASE_OUTCOMES, LEASE_STATES, type Lease, type LeaseFilter } from "../../ports/leases.ts";
import { DOMAIN_BYTES, duid16, interfaceName, NAME_BYTES, prefixLength6 } from "./codecs.ts";
import { COMMAND_RESULTS } from "./common.ts";
import { message } from "./message.ts";

/** An IPv6 prefix as text. */
const LEASE_BYTES = 43;
const linkName = text16(NAME_BYTES);
const hostName = text16(DOMAIN_BYTES);
const lease: Codec<Lease> = struct({
  kind: choice(LEASE_KINDS),
  address: ipv6Address,
  prefixLength: prefixLength6,
  link: linkName,
  state: choice(LEASE_STATES),
  client: optional(duid16),
  iaid: u32,
  startSeconds: u32,
  preferredUntilSeconds: u32,
  validUntilSeconds: u32,
  hostName,
});
const exactly = struct({ address: ipv6Address, prefixLength: prefixLength6 });
const changes = { put: list16(lease, LIMITS.leaseChanges), remove: list16(exactly, LIMITS.leaseChanges) } as const;
const filter: Codec<LeaseFilter> = struct({
  link: linkName,
  client: optional(duid16),
  holds: optional(ipv6Address),
  exactly: optional(exactly),
  state: optional(choice(LEASE_STATES)),
});

export const LEASES = {
  /** Whether main keeps files of host names. */
  hostNamesWanted: message({ type: 137, from: ["main"], to: ["engine-lan"], body: struct({ areWanted: flag }) }),
  /** All names of a link, in parts. */
  hostNames: message({
    type: 138,
    from: ["engine-lan"],
    to: ["main"],
    body: struct({
      name: interfaceName,
      domain: optional(domainName),
      names: list16(struct({ address: ipv6Address, hostName: text16(LABEL_BYTES) }), LIMITS.leasesPerFrame),
      isLast: flag,
    }),
  }),
  /** Whether somebody wants to hear of events: a hook of main's, a watcher of control's. */
  leaseListeners: message({
    type: 135,
    from: ["main", "control"],
    to: ["engine-lan"],
    body: struct({ areThere: flag }),
    when: ["starting", "running"],
  }),
  leaseEvents: message({
    type: 136,
    from: ["engine-lan"],
    to: ["main", "control"],
    body: struct({
      events: list16(
        struct({ name: text16(NAME_BYTES), event: choice(LEASE_EVENTS), lease: text16(LEASE_BYTES), record: bytes16(LIMITS.leaseEventBytes) }),
        LIMITS.channelBatch,
      ),
    }),
    when: ["starting", "running"],
  }),
  /** `after`: the `next` of the page before, 0 for the first. */
  leasesRequest: message({
    type: 130,
    from: ["control"],
    to: ["engine-lan"],
    body: struct({ request: u32, after: u32, filter }),
    when: ["starting", "running"],
  }),
  leasesPage: message({
    type: 131,
    from: ["engine-lan"],
    to: ["control"],
    body: struct({ request: u32, nowSeconds: u32, leases: list16(lease, LIMITS.leasesPerFrame), next: optional(u32) }),
    when: ["starting", "running"],
  }),
  /** What an operator wants, asked for under the number of the connection it came in on; main decides by the uid it noted itself. */
  leasesCommand: message({ type: 132, from: ["control"], to: ["main"], body: struct({ connection: u32, request: u32, ...changes }) }),
  changeLeases: message({ type: 133, from: ["main"], to: ["engine-lan"], body: struct({ request: u32, ...changes }) }),
  /** When it is durable, an outcome for each lease; or that nothing was done: not for this user, or nobody there who could. */
  leasesChanged: message({
    type: 134,
    from: ["engine-lan", "main"],
    to: ["control"],
    body: struct({ request: u32, result: choice(COMMAND_RESULTS), outcomes: list16(choice(LEASE_OUTCOMES), 2 * LIMITS.leaseChanges) }),
    when: ["starting", "running"],
  }),
} as const;
