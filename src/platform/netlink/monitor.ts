/** Opening of event sockets, apart from reading them: main opens, a role without rights reads. */
import { openNetlink } from "./socket.ts";

/**
 * The kernel checks whoever opened a netlink socket and whoever sends on it: a role without capabilities can ask over this
 * socket, and change nothing.
 * @param groups GROUP numbers
 * @returns a descriptor to hand over
 */
export function openMonitor(groups: readonly number[], options: { readonly receiveBufferBytes?: number } = {}): number {
  return openNetlink(groups, options.receiveBufferBytes);
}
