/** IPv6 addresses that kernels of the private house hold. */
import { type Ipv6Address, type Ipv6Prefix, ipv6Contains, isRoutableV6 } from "../../../src/base/ipv6.ts";
import type { KernelNetwork } from "../../../src/platform/netlink/kernel-network.ts";
import type { InterfaceAddress } from "../../../src/wire/netlink/address.ts";
import { kernelOf } from "./inside.ts";

export type Address6 = Extract<InterfaceAddress, { readonly family: "ipv6" }>;

/** Of a link. */
export function globals(network: KernelNetwork, link: string): readonly Address6[] {
  return addressesOf(network, link).filter(({ address }) => isRoutableV6(address));
}

export function linkLocals(network: KernelNetwork, link: string): readonly Ipv6Address[] {
  return addressesOf(network, link)
    .map(({ address }) => address)
    .filter((address) => !isRoutableV6(address));
}

/** The address of a link that is in use now. @param pool what the provider delegates out of */
export function preferredOf(network: KernelNetwork, link: string, pool: string): Address6 | undefined {
  return globals(network, link).find(({ address, preferredSeconds }) => preferredSeconds > 0 && ipv6Contains(pool as Ipv6Prefix, address));
}

/** The address that a host made itself out of an advertisement: the length is that of the link, where a leased one has 128 bits. */
export function madeBy(hostPid: number, pool: string): Address6 | undefined {
  return globals(kernelOf(hostPid), "eth0").find(
    ({ address, prefixLength, preferredSeconds }) => prefixLength === 64 && preferredSeconds > 0 && ipv6Contains(pool as Ipv6Prefix, address),
  );
}

export function texts(addresses: readonly Address6[]): string {
  const listed = addresses.map(
    ({ address, prefixLength, preferredSeconds }) => `${address}/${prefixLength}${preferredSeconds === 0 ? " (deprecated)" : ""}`,
  );
  return listed.join(", ") || "no address";
}

function addressesOf(network: KernelNetwork, link: string): readonly Address6[] {
  const index = network.links().find(({ name }) => name === link)?.index;
  return network.addresses("ipv6").filter((one): one is Address6 => one.family === "ipv6" && one.interfaceIndex === index);
}
