/** Messages of `uplink6`: its configuration, and what delegated prefixes mean for the kernel. */
import { type Codec, flag, list16, optional, struct, u32 } from "../../base/codec.ts";
import { ipv6Address } from "../../base/ipv6.ts";
import { LIMITS } from "../../base/limits.ts";
import type { Uplink6Config } from "../../services/uplink6/config.ts";
import { duid16, interfaceName, prefix6, prefixLength6 } from "./codecs.ts";
import { message } from "./message.ts";

/** What the file says; main adds the DUID. */
export const uplink6Interfaces: Codec<Uplink6Config["interfaces"]> = list16(
  struct({
    name: interfaceName,
    rapidCommit: flag,
    delegations: list16(
      struct({
        iaid: u32,
        targets: list16(struct({ interface: optional(interfaceName), prefixLength: prefixLength6, hostPart: ipv6Address }), LIMITS.planTargets),
      }),
      LIMITS.delegations,
    ),
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
  /** Everything that delegated prefixes mean now; what was there before and is not in it goes. */
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
      unreachable: list16(prefix6, LIMITS.plannedAddresses),
    }),
  }),
} as const;
