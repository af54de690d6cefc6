/** What a taken-over frontend asks main for: it may ask for nothing. */
import { type Forgery, forgery, LINKS, outOfPlace } from "./forgery.ts";

const WAN = { link: LINKS.wan0, name: "wan0" } as const;
const record = new TextEncoder().encode('{"a":1}\n');

export const FRONTEND_FORGERIES: readonly Forgery[] = [
  forgery("openPacketSocket", WAN, "unsupported"),
  forgery("openServerSocket", WAN, "unsupported"),
  forgery("openDatagramSocket", { ...WAN, purpose: "icmp6" }, "unsupported"),
  forgery("deconfigureUplink", WAN, "unsupported"),
  forgery("configurePlan", { addresses: [], aggregates: [] }, "unsupported"),
  forgery("delegatedRoutes", { routes: [] }, "unsupported"),
  forgery("saveLease", { name: "wan0", record }, "unsupported"),
  forgery("openJournalFile", { kind: "segment", number: 1 }, "unsupported"),
  forgery("snapshotWritten", { number: 1, firstSegment: 1 }, "unsupported"),
  forgery("openSnapshot", true, "unsupported"),
  forgery("connectRpcbind", true, "unsupported"),
  ...outOfPlace("frontend"),
];
