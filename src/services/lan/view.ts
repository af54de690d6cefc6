/** What `leasehold show` is told of `lan`. */
import type { RelayView } from "./dhcp6-relay/relay.ts";
import type { DiskState } from "../../ports/store.ts";
import type { Dhcp6ServerView } from "./dhcp6-server/view.ts";
import type { RouterView } from "./router/view.ts";

export type LanView = {
  readonly router: RouterView;
  readonly server: Dhcp6ServerView;
  readonly relay: RelayView;
  /** Whether what the DHCPv6 server promises can be written down. */
  readonly disk: DiskState;
  /** Events of leases that nobody was told of because who listens did not keep up. */
  readonly eventsLost: number;
  readonly ignored: Readonly<Record<string, number>>;
  /** Answers and lease changes that were dropped because the disk did not keep up; of the role that writes them. */
  readonly dropped?: Readonly<Record<string, number>>;
};
