/** Which reserved host a message comes from: by DUID and IAID, by DUID, by an Ethernet address, in this order. */
import type { ReservedHost } from "../dhcp6-config.ts";

export class ReservedHosts {
  #hosts: readonly ReservedHost[] = [];

  configure(hosts: readonly ReservedHost[]): void {
    this.#hosts = hosts;
  }

  get count(): number {
    return this.#hosts.length;
  }
}
