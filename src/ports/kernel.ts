/** What an uplink changes in the kernel. Requests go out in order; what fails comes back as an event of the service. */
import type { Ipv4Address, Ipv4Prefix } from "../base/ipv4.ts";

export type UplinkRoute = { readonly destination: Ipv4Prefix; readonly gateway: Ipv4Address };
/** All an uplink's lease means for the kernel. */
export type UplinkAddress = {
  readonly address: Ipv4Address;
  readonly prefixLength: number;
  /** Remaining; 0xffffffff never ends. The kernel drops the address by itself. */
  readonly validSeconds: number;
  readonly routes: readonly UplinkRoute[];
};

export interface UplinkKernel {
  /** Makes the kernel hold exactly this for the link: what we put there before and is not in it goes. */
  configure(link: number, name: string, wanted: UplinkAddress): void;
  /** Removes everything of ours from the link. */
  deconfigure(link: number, name: string): void;
}
