/**
 * A gateway of ours that serves one link, and a host of somebody else's on it with two links behind. The host's wire ends in a bridge
 * port, so that its carrier is taken and given without the gateway's interface noticing. What is believed stands in `ip -j`, in what was
 * captured at the bridge's end of the host's wire, and in what the client says.
 */
import { complaintsIn } from "./uplink4-wire.ts";
import { passed6, type Passed6 } from "./dhcp6-wire.ts";
import { type Leasehold, startLeasehold } from "./leasehold.ts";
import { type KernelRoute6, linkLocal, routes6, wire6 } from "./link6.ts";
import { type Capture, type Namespace, waitFor, withNamespaces } from "./namespace.ts";
import { withScratch } from "./scratch.ts";

export const LAN_ADDRESS = "2001:db8:1::1";
export const LAN_RESOLVER = "2001:db8:1::53";
export const LAN_DOMAIN = "home.example";
/** How addresses of our pool and delegated prefixes begin. */
export const OURS6 = { address: /^2001:db8:1:0:77:/, prefix: /^2001:db8:1[0-9a-f]{2}:[0-9a-f:]*\/56$/ } as const;
export const HOST_MAC = "02:00:5e:10:06:77";
const GATEWAY_MAC = "02:00:5e:10:06:01";
/** Ours among the gateway's routes. */
const ROUTE_PROTOCOL = "157";
/** As /proc/net/udp6 has it. */
const SERVER_PORT = `:${(547).toString(16).toUpperCase().padStart(4, "0")} `;
const PATIENCE_SECONDS = 60;

export type LanTimes = { readonly preferredSeconds: number; readonly validSeconds: number };
export const SHORT6: LanTimes = { preferredSeconds: 12, validSeconds: 120 };

/** @param lines of `[lan.lan0]` */
function lanConfiguration({ preferredSeconds, validSeconds }: LanTimes, lines: readonly string[]): string {
  return [
    ...['[system]\nresolver = "none"', "[lan.lan0]", 'address_pool = "2001:db8:1:0:77::/80"', 'prefix_pool = "2001:db8:100::/40"'],
    ...["delegated_length = 56", `preferred_seconds = ${preferredSeconds}`, `valid_seconds = ${validSeconds}`, "slaac = false"],
    ...[`dns = ["${LAN_RESOLVER}"]`, `search = ["${LAN_DOMAIN}"]`, ...lines, ""],
  ].join("\n");
}

export class LanWorld {
  readonly gateway: Namespace;
  readonly host: Namespace;
  readonly folder: string;
  readonly #behind: Namespace;
  #leasehold: Leasehold | undefined;
  #wire: Capture | undefined;
  /** What the client says of itself. */
  told: () => string = () => "";

  readonly times: LanTimes;

  constructor(spaces: Readonly<Record<"gateway" | "host" | "behind", Namespace>>, folder: string, times: LanTimes) {
    this.times = times;
    this.gateway = spaces.gateway;
    this.host = spaces.host;
    this.#behind = spaces.behind;
    this.folder = folder;
  }

  async build(): Promise<void> {
    const { gateway, host } = this;
    await wire6(gateway, "p0", host, "eth0");
    await host.ip("link", "set", "dev", "eth0", "address", HOST_MAC);
    await wire6(gateway, "p1", this.#behind, "always");
    for (const port of ["p0", "p1"]) await gateway.sysctl(`net.ipv6.conf.${port}.disable_ipv6`, 1);
    await gateway.bridge("lan0", ["p0", "p1"]);
    await gateway.ip("link", "set", "dev", "lan0", "address", GATEWAY_MAC);
    await gateway.attempt("ethtool", "-K", "lan0", "tx", "off");
    await gateway.address("lan0", `${LAN_ADDRESS}/64`);
    await gateway.sysctl("net.ipv6.conf.all.forwarding", 1);
    await linkLocal(gateway, "lan0");
    for (const n of [1, 2]) await wire6(host, `eth${n}`, this.#behind, `b${n}`);
    await linkLocal(host, "eth0");
  }

  get ours(): Leasehold {
    if (this.#leasehold === undefined) throw new Error("the program was not started");
    return this.#leasehold;
  }

  /** The program as a user starts it: all roles, all fences. */
  async serve(...lines: readonly string[]): Promise<Leasehold> {
    this.#leasehold = await startLeasehold(this.gateway, this.folder, lanConfiguration(this.times, lines));
    await this.until("a socket for port 547", async () => (await this.gateway.exec("cat", "/proc/net/udp6")).stdout.includes(SERVER_PORT));
    return this.#leasehold;
  }

  async watch(): Promise<void> {
    this.#wire = await this.gateway.capture("p0", "ip6");
  }

  /** Half of the preferred lifetime. */
  get t1Seconds(): number {
    return this.times.preferredSeconds / 2;
  }

  get pcap(): string {
    return this.#wire?.file ?? "";
  }

  /** What passed so far between the host and us. */
  messages(): readonly Passed6[] {
    return passed6(this.pcap);
  }

  since(seconds: number): readonly Passed6[] {
    return this.messages().filter(({ atSeconds }) => atSeconds > seconds);
  }

  /** Prefixes that are routed to hosts of the link, by us. */
  async routes(): Promise<readonly KernelRoute6[]> {
    return (await routes6(this.gateway)).filter(({ protocol, gateway }) => protocol === ROUTE_PROTOCOL && gateway !== undefined);
  }

  /** Leases that we say are promised on the link. */
  async holdings(): Promise<{ readonly addresses: number; readonly prefixes: number }> {
    const { lan } = (await this.ours.show()) as unknown as { readonly lan: LanShown };
    const link = lan.server.links.find((one) => one.link === "lan0");
    return { addresses: link?.addresses ?? -1, prefixes: link?.prefixes ?? -1 };
  }

  async carrier(up: boolean): Promise<void> {
    await this.gateway.ip("link", "set", "dev", "p0", up ? "up" : "down");
  }

  /** Nothing that is asked reaches the server; on the wire it is seen. */
  async deaf(deaf: boolean): Promise<void> {
    const rules = "add chain inet deaf in { type filter hook input priority 0; }; add rule inet deaf in udp dport 547 drop";
    await this.gateway.exec("nft", deaf ? `add table inet deaf; ${rules}` : "delete table inet deaf");
  }

  /** Looks again and again until `look` gives a value. */
  until<T>(what: string, look: () => T | Promise<T>, seconds = PATIENCE_SECONDS): Promise<NonNullable<T>> {
    return waitFor(
      (see) => {
        const passed = this.#wire === undefined ? [] : this.messages().map(({ name }) => name);
        see(`leasehold said:\n${this.#leasehold?.log().slice(-1500) ?? ""}\nthe client said:\n${this.told().slice(-2500)}\npassed: ${passed}`);
        return look();
      },
      seconds * 1000,
      what,
    );
  }

  /** Ends the recording. @returns what tshark holds against what we sent */
  async complaints(): Promise<readonly string[]> {
    await this.#wire?.stop();
    return complaintsIn(this.pcap, SENT_BY_US);
  }
}
type LanShown = { readonly server: { readonly links: readonly { readonly link: string; readonly addresses: number; readonly prefixes: number }[] } };

/** DHCPv6 and advertisements of ours. */
export const SENT_BY_US = `eth.src == ${GATEWAY_MAC} and (udp.srcport == 547 or icmpv6.type == 134)`;

export function inLanWorld(story: (world: LanWorld) => Promise<void>, times = SHORT6): Promise<void> {
  return withScratch((folder) =>
    withNamespaces(["gateway", "host", "behind"], async (spaces) => {
      const world = new LanWorld(spaces, folder, times);
      await world.build();
      await story(world);
    }),
  );
}
