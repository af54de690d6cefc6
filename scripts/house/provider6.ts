/**
 * A provider that delegates prefixes on a real link, for the house and for tests in network namespaces: the simulator's actor on
 * real sockets. It routes what it delegates, and advertises itself as the link's default router.
 *
 *   node --import tsx scripts/house/provider6.ts --interface IF --pool 2001:db8:1000::/40 [--delegated-length 56] \
 *     [--preferred-seconds 60] [--valid-seconds 120] [--renew-seconds 10] [--rebind-seconds 20] [--dns 2001:db8::53] \
 *     [--address 2001:db8:0:1::1/64 --set-up] [--beyond 2001:db8:ffff::1] [--other-pool PREFIX] [--json-events FILE|FD]
 *
 * --set-up waits for the interface, puts --address on it and --beyond on the loopback link; --address's prefix is advertised for
 * hosts to make addresses in. SIGUSR2, or a line "renumber" on standard input, changes to --other-pool and back. Other lines:
 * "renumber PREFIX", "mode serve|silent|none|no-binding|slow", "forget".
 */
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { duidLl } from "../../src/base/duid.ts";
import { KernelError } from "../../src/base/errors.ts";
import { type Ipv6Address, type Ipv6Prefix, ipv6Prefix, splitIpv6Prefix } from "../../src/base/ipv6.ts";
import { native } from "../../src/platform/native.ts";
import { KernelNetwork } from "../../src/platform/netlink/kernel-network.ts";
import { PROVIDER6_MODES } from "../../src/sim/actors/dhcp6-provider.ts";
import { advertiseOnLink, serveLink6 } from "../../src/sim/real/dhcp6-sockets.ts";
import { appears } from "./addresses.ts";
import { dropRoute, FOREVER_SECONDS, hold6, linkUp, reader, routeVia, teller } from "./network6.ts";

const ADVERTISE_MS = 2000;
const ADVERTISED_SECONDS = 1800;
const text = { type: "string" } as const;
const { values } = parseArgs({
  options: {
    interface: text,
    pool: text,
    "other-pool": text,
    "delegated-length": { ...text, default: "56" },
    "preferred-seconds": { ...text, default: "60" },
    "valid-seconds": { ...text, default: "120" },
    "renew-seconds": { ...text, default: "0" },
    "rebind-seconds": { ...text, default: "0" },
    dns: text,
    address: text,
    beyond: text,
    "set-up": { type: "boolean", default: false },
    "json-events": { ...text, default: "1" },
  },
});
const { usage, given, address, prefix, number } = reader("provider6", "--interface IF --pool PREFIX [--delegated-length N] [--set-up --address A/L]");
const tell = teller(values["json-events"]);
const name = given(values.interface, "interface");
const delegatedLength = number(values["delegated-length"]);
const pools = [given(values.pool, "pool"), ...(values["other-pool"] === undefined ? [] : [values["other-pool"]])].map(prefix);
const [own, ownLength] = (values.address ?? "").split("/");
const index = values["set-up"] ? await setUp() : (new KernelNetwork().link(name)?.index ?? usage(`no link "${name}"`));
const mac = new KernelNetwork().link(index)?.mac ?? usage(`"${name}" has no Ethernet address`);

const { provider } = serveLink6(
  name,
  {
    serverId: duidLl(mac),
    pool: { prefix: pools[0] ?? usage("--pool is missing"), delegatedLength },
    preferredSeconds: number(values["preferred-seconds"]),
    validSeconds: number(values["valid-seconds"]),
    renewSeconds: number(values["renew-seconds"]),
    rebindSeconds: number(values["rebind-seconds"]),
    rapidCommit: true,
    options: values.dns === undefined ? {} : { dnsServers: [address(values.dns)] },
  },
  ({ kind, client, iaid, prefix: delegated, until }, via) => {
    const untilText = Number.isFinite(until) ? new Date(Date.now() + until - native().bootTimeMs()).toISOString() : "never";
    tell({ event: kind, prefix: delegated, client, iaid, via, until: untilText });
    if (kind === "delegated" || kind === "extended") routed(delegated, via);
    if (kind === "withdrawn" || kind === "released") dropRoute(index, delegated);
  },
);
advertiseOnLink(index, ADVERTISE_MS, () => ({
  kind: "routerAdvertisement",
  hopLimit: 64,
  managed: false,
  otherConfiguration: false,
  homeAgent: false,
  preference: "medium",
  proxy: false,
  lifetimeSeconds: ADVERTISED_SECONDS,
  reachableMilliseconds: 0,
  retransmitMilliseconds: 0,
  options: {
    sourceLinkLayerAddress: mac,
    ...(own === undefined || own === "" ? {} : { prefixes: [onLink(ipv6Prefix(address(own), number(ownLength ?? "64")))] }),
  },
  unknown: [],
  malformed: [],
}));
tell({ event: "serving", pool: pools[0], delegatedLength, interface: name });

/** Whoever asks may say that it is anywhere, even where we are ourselves: what the kernel will not route is told, and served all the same. */
function routed(delegated: Ipv6Prefix, via: Ipv6Address): void {
  try {
    routeVia(index, delegated, via);
  } catch (error) {
    if (!(error instanceof KernelError)) throw error;
    tell({ event: "unrouted", prefix: delegated, via, why: error.message });
  }
}

let chosen = 0;
process.on("SIGUSR2", () => renumber(pools[++chosen % pools.length]));
createInterface({ input: process.stdin }).on("line", (line) => {
  const [verb = "", word = ""] = line.trim().split(/\s+/);
  const mode = PROVIDER6_MODES.find((known) => known === word);
  if (verb === "renumber") renumber(word === "" ? pools[++chosen % pools.length] : prefix(word));
  else if (verb === "forget") provider.forget();
  else if (verb === "mode" && mode !== undefined) provider.mode = mode;
  else return tell({ event: "unknown", line });
  tell({ event: "told", line });
});

async function setUp(): Promise<number> {
  const link = await appears(name);
  linkUp(link);
  if (own !== undefined && own !== "")
    hold6(link, address(own), number(ownLength ?? "64"), { preferredSeconds: FOREVER_SECONDS, validSeconds: FOREVER_SECONDS });
  if (values.beyond === undefined) return link;
  const loopback = await appears("lo");
  linkUp(loopback);
  hold6(loopback, address(values.beyond), 128, { preferredSeconds: FOREVER_SECONDS, validSeconds: FOREVER_SECONDS });
  return link;
}

function renumber(pool: Ipv6Prefix | undefined): void {
  if (pool === undefined || splitIpv6Prefix(pool).prefixLength > delegatedLength) return;
  provider.reconfigure({ pool: { prefix: pool, delegatedLength } });
  tell({ event: "renumbered", pool });
}

function onLink(wan: Ipv6Prefix) {
  const lifetimes = { validSeconds: ADVERTISED_SECONDS, preferredSeconds: ADVERTISED_SECONDS };
  return { prefix: wan, onLink: true, autonomous: true, prefersDelegation: false, ...lifetimes };
}
