/** Messages of `uplink6`: its configuration, what its leases mean for the kernel, and what of them is published. */
import { bytes16, type Codec, choice, flag, list16, mapped, optional, struct, text16, u16, u32 } from "../../base/codec.ts";
import { WireError } from "../../base/errors.ts";
import { ipv6Address } from "../../base/ipv6.ts";
import { LIMITS } from "../../base/limits.ts";
import { AGGREGATE_ROUTES } from "../../ports/kernel.ts";
import { type HostPart, START_RULES, type Uplink6Config } from "../../services/uplink6/config.ts";
import { DOMAIN_BYTES, duid16, hexText, interfaceName, prefix6, prefixLength6 } from "./codecs.ts";
import { message } from "./message.ts";

const MADE_HOST_PARTS = ["eui64", "stable"] as const;
function isMade(value: HostPart): value is (typeof MADE_HOST_PARTS)[number] {
  return (MADE_HOST_PARTS as readonly string[]).includes(value);
}

const hostPart: Codec<HostPart> = mapped(
  struct({ made: optional(choice(MADE_HOST_PARTS)), fixed: optional(ipv6Address) }),
  ({ made, fixed }, offset): HostPart => {
    if ((made === undefined) === (fixed === undefined)) throw new WireError("bad-value", offset);
    return made ?? fixed ?? "stable";
  },
  (value) => (isMade(value) ? { made: value, fixed: undefined } : { made: undefined, fixed: value }),
);

/** What the file says; main adds the DUID. */
export const uplink6Interfaces: Codec<Uplink6Config["interfaces"]> = list16(
  struct({
    name: interfaceName,
    pace: choice(["fast", "rfc"]),
    start: choice(START_RULES),
    rapidCommit: flag,
    addressIaid: optional(u32),
    delegations: list16(
      struct({
        iaid: u32,
        targets: list16(struct({ interface: optional(interfaceName), prefixLength: prefixLength6, hostPart }), LIMITS.planTargets),
        prefixLength: optional(prefixLength6),
        hint: optional(ipv6Address),
      }),
      LIMITS.delegations,
    ),
    aggregateRoute: choice([...AGGREGATE_ROUTES, "none"]),
    requestOptions: list16(u16, LIMITS.dhcp6RequestedOptions),
    omitOptions: list16(u16, LIMITS.dhcp6RequestedOptions),
    sendOptions: list16(struct({ code: u16, hex: hexText(LIMITS.sentOptionBytes) }), LIMITS.dhcp6SentOptions),
    acceptReconfigure: flag,
    registerAddresses: flag,
    releaseOnStop: flag,
    ignoreDns: flag,
  }),
  LIMITS.interfaces,
);

export const UPLINK6 = {
  uplink6Config: message({
    type: 80,
    from: ["main"],
    to: ["engine-uplink6"],
    body: struct({ duid: duid16, interfaces: uplink6Interfaces }),
    when: ["starting", "running"],
  }),
  /** Everything that leases mean now; what was there before and is not in it goes. */
  configurePlan: message({
    type: 81,
    from: ["engine-uplink6"],
    to: ["main"],
    body: struct({
      addresses: list16(
        struct({
          link: u32,
          name: interfaceName,
          address: ipv6Address,
          prefixLength: prefixLength6,
          preferredSeconds: u32,
          validSeconds: u32,
        }),
        LIMITS.plannedAddresses,
      ),
      aggregates: list16(struct({ prefix: prefix6, route: choice(AGGREGATE_ROUTES) }), LIMITS.plannedAddresses),
    }),
  }),
  /** Resolvers and the like, and the file of them for other services. */
  publishUplink6: message({
    type: 82,
    from: ["engine-uplink6"],
    to: ["main"],
    body: struct({
      link: u32,
      name: interfaceName,
      nameServers: list16(ipv6Address, LIMITS.addressesPerOption),
      searchDomains: list16(text16(DOMAIN_BYTES), LIMITS.searchDomains),
      record: bytes16(LIMITS.leaseFileBytes),
    }),
  }),
  /** What host parts that nobody should guess are made of (RFC 7217 §5): main made it once and keeps it. */
  stableSecret: message({
    type: 83,
    from: ["main"],
    to: ["engine-uplink6"],
    body: struct({ key: bytes16(LIMITS.stableSecretBytes) }),
    when: ["starting", "running"],
  }),
} as const;
