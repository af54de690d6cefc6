/** The house as its kernels have it: who has which prefix, which address, and whose questions were answered. */
import { KernelNetwork } from "../../../src/platform/netlink/kernel-network.ts";
import type { HouseFacts } from "../facts.ts";
import { madeBy, preferredOf } from "./held.ts";
import { delegatedNow } from "./ipv6.ts";

/** @param pool what the provider delegates out of now */
export function picture(facts: HouseFacts, pool: string): string {
  const gateway = new KernelNetwork();
  const prefix = delegatedNow(facts);
  const lans = facts.lans.flatMap(({ name, hostPid }, i) => {
    const held = preferredOf(gateway, name, pool);
    const further = i < facts.lans.length - 1 ? "|" : " ";
    return [
      "       |",
      `       +-- ${name}  ${held === undefined ? "no address" : `${held.address}/${held.prefixLength}`}`,
      `       ${further}     '-- host  ${madeBy(hostPid, pool)?.address ?? "no address"}`,
    ];
  });
  const above = [`  a host beyond  ${facts.provider6.beyond}`, "       |", "   provider", `       |  ${prefix}`, `   gateway  (${facts.uplink})`];
  return [...above, ...lans].join("\n");
}
