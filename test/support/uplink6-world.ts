/**
 * One uplink of ours with somebody else's DHCPv6 server, and three links behind us. The uplink's wire ends in a bridge port, so that carrier
 * is taken and given without the server's interface noticing. What is believed of us stands in the server's leases, in `ip -j`, in
 * `ip monitor` and in what was captured at the far end of our wire.
 */
import { join } from "node:path";
import { type Ipv6Address, ipv6Bytes, ipv6Of, type Ipv6Prefix, splitIpv6Prefix } from "../../src/base/ipv6.ts";
import { type Leasehold, startLeasehold } from "./leasehold.ts";
import type { PeerLease6 } from "./leases6.ts";
import { globals6, type KernelAddress6, linkLocal, wire6 } from "./link6.ts";
import { type Capture, type Namespace, type Running, waitFor, withNamespaces } from "./namespace.ts";
import { readIn, withScratch, writeIn } from "./scratch.ts";
import type { Delegation, Server6 } from "./servers6.ts";
import { type Peer6, type PeerName6, PEERS6, type Provider6, type Times6 } from "./uplink6-servers.ts";
import { fieldsIn } from "./uplink4-wire.ts";
import { complaintsIn, messagesIn6, type Seen6 } from "./uplink6-wire.ts";

export type News6 = { readonly atSeconds: number; readonly deleted: boolean; readonly link: string; readonly address: string; readonly text: string };
/** What `show --json` tells of one uplink, as far as stories look at it. */
export type Shown6 = {
  readonly interface: string;
  readonly state: string;
  readonly lease: {
    readonly unserved: readonly { readonly interface: string; readonly reason: string }[];
    readonly nameServers: readonly string[];
  } | null;
  /** What a server told without leasing anything. */
  readonly told: { readonly nameServers: readonly string[]; readonly searchDomains: readonly string[] } | null;
  readonly sent: Readonly<Record<string, number>>;
  readonly ignored: Readonly<Record<string, number>>;
};

export const CLIENT_MAC6 = "02:00:5e:10:06:55";
export const OUR_DUID = "00042f6b1c1d0f4e4c5a9b7d5a1e6c3f2b1a";
export const SERVER_ADDRESS6 = "2001:db8:1::1";
export const FIRST: Delegation = { from: "2001:db8:8000::/40", first: "2001:db8:8000::", last: "2001:db8:80ff:ff00::", delegatedLength: 56 };
export const OTHER: Delegation = { from: "2001:db8:9000::/40", first: "2001:db8:9000::", last: "2001:db8:90ff:ff00::", delegatedLength: 56 };
/** One IA for two of the links behind. The resolvers of the machine the tests run on stay as they are. */
export const CONFIGURATION6 = configured('delegate = [ { iaid = 1, to = ["lan0/64", "lan1/64"] } ]');
export const LANS = ["lan0", "lan1", "lan2"] as const;
const PATIENCE_SECONDS = 30;

export function configured(...lines: readonly string[]): string {
  return ['[system]\nresolver = "none"', "[uplink6.c0]", ...lines, ""].join("\n");
}

/** A pool of exactly this prefix. */
export function single(prefix: string): Delegation {
  const [address = "", length = ""] = prefix.split("/");
  return { from: prefix, first: address, last: address, delegatedLength: Number(length) };
}

/** Our own address on the n-th /64 of a prefix. */
export function ownAddress(prefix: string, n: number): string {
  const bytes = ipv6Bytes(splitIpv6Prefix(prefix as Ipv6Prefix).address as Ipv6Address).slice();
  const view = new DataView(bytes.buffer);
  view.setUint32(4, view.getUint32(4) + n);
  view.setUint8(15, 1);
  return ipv6Of(bytes);
}

export class World6 {
  readonly peerName: PeerName6;
  readonly client: Namespace;
  readonly server: Namespace;
  readonly other: Namespace;
  readonly folder: string;
  readonly #hosts: Namespace;
  readonly #far: Namespace;
  #server: Server6 | undefined;
  #times: Times6 | undefined;
  #leasehold: Leasehold | undefined;
  #wire: Capture | undefined;
  #monitor: Running | undefined;

  constructor(peer: PeerName6, spaces: Readonly<Record<"client" | "server" | "other" | "hosts" | "wire", Namespace>>, folder: string) {
    this.peerName = peer;
    this.#far = spaces.wire;
    this.client = spaces.client;
    this.server = spaces.server;
    this.other = spaces.other;
    this.#hosts = spaces.hosts;
    this.folder = folder;
  }

  get peer(): Peer6 {
    return PEERS6[this.peerName];
  }
  /** What the server was told last of T1, T2 and lifetimes. */
  get times(): Times6 {
    return this.#times ?? this.peer.times;
  }
  get ours(): Leasehold {
    if (this.#leasehold === undefined) throw new Error("the program was not started");
    return this.#leasehold;
  }
  get said(): string {
    return `leasehold said:\n${this.#leasehold?.log().slice(-2500) ?? ""}\n${this.peerName} said:\n${this.#server?.log().slice(-1500) ?? ""}`;
  }

  /** @param fates a program that carries frames between client and server instead of a wire */
  async build(fates?: readonly string[]): Promise<void> {
    const { client, server, other } = this;
    if (fates === undefined) await wire6(server, "p0", client, "c0");
    else await this.#badWire(fates);
    await client.ip("link", "set", "dev", "c0", "address", CLIENT_MAC6);
    await wire6(server, "p1", other, "o0");
    for (const port of ["p0", "p1"]) await server.sysctl(`net.ipv6.conf.${port}.disable_ipv6`, 1);
    await server.bridge("s0", ["p0", "p1"]);
    await server.attempt("ethtool", "-K", "s0", "tx", "off");
    await server.address("s0", `${SERVER_ADDRESS6}/64`);
    await linkLocal(server, "s0");
    for (const [n, lan] of LANS.entries()) await wire6(client, lan, this.#hosts, `h${n}`);
    writeIn(this.folder, "leasehold.state/duid", `${OUR_DUID.replace(/..(?!$)/g, "$&:")}\n`);
  }

  async serve(options: Partial<Provider6> = {}): Promise<Server6> {
    const { delegation = options.delegations === undefined ? FIRST : undefined, identity = 1, ...more } = options;
    const place = { ns: this.server, folder: this.folder, duid: OUR_DUID };
    const times = options.times ?? this.peer.times;
    this.#times = times;
    this.#server = await this.peer.start(place, { ...more, ...(delegation === undefined ? {} : { delegation }), identity, times });
    return this.#server;
  }

  /** The program as a user starts it: all roles, all fences. */
  async leasehold(toml = CONFIGURATION6): Promise<Leasehold> {
    this.#leasehold = await startLeasehold(this.client, this.folder, toml);
    return this.#leasehold;
  }

  addresses(link: string): Promise<readonly KernelAddress6[]> {
    return globals6(this.client, link);
  }

  /** Destinations that lead nowhere. */
  async aggregates(type = "unreachable"): Promise<readonly string[]> {
    const routes = (await this.client.json("ip", "-6", "-j", "route", "show", "type", type)) as readonly { readonly dst: string }[];
    return routes.map(({ dst }) => dst).toSorted();
  }

  /** Our leases in the server's own words. */
  leases(): readonly PeerLease6[] {
    return this.#server?.leases().filter(({ duid }) => duid === OUR_DUID) ?? [];
  }

  /** The prefix the server says is ours for this IA. */
  prefix(iaid = 1): string | undefined {
    const lease = this.leases().find((one) => one.kind === "prefix" && one.iaid === iaid);
    return lease === undefined ? undefined : `${lease.address}/${lease.prefixLength}`;
  }

  async shown(): Promise<Shown6> {
    const { uplink6 } = (await this.ours.show()) as unknown as { readonly uplink6: { readonly uplinks: readonly Shown6[] } };
    const [uplink] = uplink6.uplinks;
    if (uplink === undefined) throw new Error("no uplink is shown");
    return uplink;
  }

  /** Looks again and again until `look` gives a value. */
  until<T>(what: string, look: () => T | Promise<T>, seconds = PATIENCE_SECONDS): Promise<NonNullable<T>> {
    return waitFor(
      async (see) => {
        see(this.said);
        const found = await look();
        if (found === undefined || found === false) see(`${this.said}\nleases: ${JSON.stringify(this.leases())} ${await this.#kernel()}`);
        return found;
      },
      seconds * 1000,
      what,
    );
  }

  async carrier(up: boolean): Promise<void> {
    await this.server.ip("link", "set", "dev", "p0", up ? "up" : "down");
  }

  /** Records the uplink's wire at its far end, or ours, and all addresses and routes of ours, from now on. */
  async watch(end: "far" | "near" = "far"): Promise<void> {
    this.#wire = await (end === "far" ? this.server.capture("p0", "ip6") : this.client.capture("c0", "ip6"));
    this.#monitor = this.client.spawn("ip", ["-ts", "-o", "-6", "monitor", "address", "route"], { env: { ...process.env, TZ: "UTC" } });
    await this.until("ip monitor", async () => {
      await this.client.ip("-6", "addr", "replace", "2001:db8:ffff::1/128", "dev", "lo");
      await this.client.ip("-6", "addr", "del", "2001:db8:ffff::1/128", "dev", "lo");
      return this.#monitor?.stdout.includes("2001:db8:ffff::1");
    });
  }

  messages(): Promise<readonly Seen6[]> {
    return messagesIn6(this.pcap);
  }

  /** Messages we sent. */
  async sent(): Promise<readonly Seen6[]> {
    return (await this.messages()).filter(({ macSource }) => macSource === CLIENT_MAC6);
  }

  get pcap(): string {
    return this.#wire?.file ?? "";
  }

  /** What the kernel told of global addresses on the links behind. */
  news(): readonly News6[] {
    const pattern = /^\[([^\]]+)\] (Deleted )?\d+: (\S+)\s+inet6 ([0-9a-f:]+)\/\d+ scope global/;
    const lines = (this.#monitor?.stdout ?? "").split("\n");
    return lines.flatMap((text) => {
      const [, at = "", deleted, link = "", address] = pattern.exec(text) ?? [];
      return address === undefined || link === "lo"
        ? []
        : [{ atSeconds: Date.parse(`${at}Z`) / 1000, deleted: deleted !== undefined, link, address, text }];
    });
  }

  /** Bytes of the largest DHCPv6 datagram on the wire. */
  async largest(): Promise<number> {
    return Math.max(...(await fieldsIn(this.pcap, "dhcpv6", ["udp.length"])).map(([length]) => Number(length)));
  }

  /** Ends the recording. @returns what tshark holds against anything we sent */
  async complaints(): Promise<readonly string[]> {
    await this.#wire?.stop();
    return complaintsIn(this.pcap, `eth.src == ${CLIENT_MAC6}`);
  }

  async #badWire([command = "", ...args]: readonly string[]): Promise<void> {
    const wire = this.#far;
    await wire6(wire, "toClient", this.client, "c0");
    await wire6(wire, "toServer", this.server, "p0");
    for (const end of ["toClient", "toServer"]) {
      await wire.sysctl(`net.ipv6.conf.${end}.disable_ipv6`, 1);
      await wire.ip("link", "set", "dev", end, "promisc", "on");
    }
    const program = wire.spawn(command, args);
    await this.until("the wire", () => this.fates().length > 0 || (!program.running && program.stderr));
  }

  /** What the wire did to each frame; the first line says that it is there. */
  fates(): readonly string[] {
    return readIn(this.folder, TALLY).split("\n").filter(Boolean);
  }

  async #kernel(): Promise<string> {
    const held = await Promise.all(LANS.map(async (lan) => [lan, (await this.addresses(lan)).map(({ local }) => local)]));
    return `kernel: ${JSON.stringify(held)} now ${Date.now() / 1000}`;
  }
}

const TALLY = "tally";

/** Runs a story in a world of its own. @param wire the program that is the wire, given the file of its tally */
export function inWorld6(peer: PeerName6, story: (world: World6) => Promise<void>, wire?: (tally: string) => readonly string[]): Promise<void> {
  return withScratch((folder) =>
    withNamespaces(["client", "server", "other", "hosts", "wire"], async (spaces) => {
      const world = new World6(peer, spaces, folder);
      await world.build(wire?.(join(folder, TALLY)));
      await story(world);
    }),
  );
}
