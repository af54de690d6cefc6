/** What a taken-over engine of directory asks for, and what a taken-over fetcher, which main owes nothing, does. */
import { LIMITS } from "../../../src/base/limits.ts";
import { type Forgery, forgery, LINKS, outOfPlace } from "./forgery.ts";

const WAN = { link: LINKS.wan0, name: "wan0" } as const;
const record = new TextEncoder().encode('{"a":1}\n');
const FLOOD = 200;

/** Where the configuration does not want rpcbind. */
export const DIRECTORY_FORGERIES: readonly Forgery[] = [
  forgery("connectRpcbind", true, "connectRpcbind.register", { times: FLOOD }),
  ...[0, 1, 4711, 0xffff_ffff].map((number) => forgery("streamClosed", { number }, "streamClosed.number")),
  forgery("snapshotSaved", { bytes: 0 }, "snapshotSaved.count"),
  forgery("snapshotFailed", true, "snapshotFailed.count"),
  forgery("openSnapshot", true, undefined),
  forgery("openSnapshot", true, "openSnapshot.count", { times: FLOOD }),
  forgery("snapshotSaved", { bytes: 4711 }, "snapshotSaved.bytes"),
  forgery("snapshotSaved", { bytes: 0 }, "snapshotSaved.count"),
  forgery("connectLdapi", { request: 1, path: "/run/slapd/ldapi" }, "unsupported"),
  // of other engines
  forgery("saveLease", { name: "wan0", record }, "unsupported"),
  forgery("forgetLease", { name: "wan0" }, "unsupported"),
  forgery("openPacketSocket", WAN, "unsupported"),
  forgery("openServerSocket", WAN, "unsupported"),
  forgery("configurePlan", { addresses: [], aggregates: [] }, "unsupported"),
  forgery("delegatedRoutes", { routes: [] }, "unsupported"),
  forgery("openJournalFile", { kind: "segment", number: 1 }, "unsupported"),
  forgery("snapshotWritten", { number: 1, firstSegment: 1 }, "unsupported"),
  ...outOfPlace("engine-directory"),
];

/** Where it does: so many, and no more. */
export const RPCBIND_FLOOD: readonly Forgery[] = [
  forgery("connectRpcbind", true, undefined, { times: LIMITS.outletConnections }),
  forgery("connectRpcbind", true, "connectRpcbind.count", { times: FLOOD }),
];

export const FETCHER_FORGERIES: readonly Forgery[] = [
  ...["/run/rpcbind.sock", "/run/dbus/system_bus_socket", "", "/"].map((path) => forgery("connectLdapi", { request: 1, path }, "connectLdapi.path")),
  forgery("connectRpcbind", true, "unsupported"),
  forgery("openSnapshot", true, "unsupported"),
  forgery("snapshotSaved", { bytes: 0 }, "unsupported"),
  forgery("snapshotFailed", true, "unsupported"),
  forgery("streamClosed", { number: 1 }, "unsupported"),
  forgery("saveLease", { name: "wan0", record }, "unsupported"),
  forgery("openPacketSocket", WAN, "unsupported"),
  forgery("openServerSocket", WAN, "unsupported"),
  forgery("openDatagramSocket", { ...WAN, purpose: "icmp6" }, "unsupported"),
  forgery("configurePlan", { addresses: [], aggregates: [] }, "unsupported"),
  forgery("openJournalFile", { kind: "segment", number: 1 }, "unsupported"),
  ...outOfPlace("fetcher"),
];
