/** What an operator's words about an uplink mean for its objects in the kernel, and what holds where nothing was said. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { HostWishes } from "../../services/uplink4/config.ts";
import { TABLE } from "../../wire/netlink/numbers.ts";
import type { UplinkPolicy } from "./uplink-routes.ts";

/** Below what people set by hand, above what the kernel makes itself, and a wire before the air: as other clients do. */
const METRIC = { wired: 1024, wireless: 3000 } as const;
const WIRELESS_MARKS = ["wireless", "phy80211"] as const;

/** @param links the kernel's folder of them */
export function policyOf(wishes: Partial<HostWishes>, name: string, links = "/sys/class/net"): UplinkPolicy {
  const wireless = WIRELESS_MARKS.some((mark) => existsSync(join(links, name, mark)));
  return {
    metric: wishes.metric ?? (wireless ? METRIC.wireless : METRIC.wired),
    table: wishes.table ?? TABLE.main,
    mtuMinBytes: wishes.mtuMinBytes,
  };
}
