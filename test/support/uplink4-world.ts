/**
 * One uplink of ours with somebody else's DHCPv4 server: on the same link, or behind somebody else's relay, which is then the link's router.
 * The client's wire ends in a bridge port, so that carrier is taken and given without the server's interface noticing.
 */
import { type Leasehold, type Place as ProgramPlace, startLeasehold } from "./leasehold.ts";
import { type Capture, type Namespace, type Running, waitFor, withNamespaces } from "./namespace.ts";
import { startDhcrelay4, startDnsmasqRelay4 } from "./relays.ts";
import { withScratch } from "./scratch.ts";
import { type Peer, PEERS, type PeerName, type Server4, type Server4Options } from "./uplink4-servers.ts";
import { complaintsIn, messagesIn, type Seen4 } from "./uplink4-wire.ts";

export type RelayName = "dhcrelay" | "dnsmasq --dhcp-relay";
export type Place4 = { readonly peer: PeerName; readonly relay: RelayName | undefined };
export type KernelAddress4 = { readonly local: string; readonly prefixlen: number; readonly valid_life_time: number };
export type KernelRoute4 = {
  readonly dst: string;
  readonly gateway?: string;
  readonly protocol: string;
  readonly prefsrc?: string;
  readonly flags: readonly string[];
  readonly metrics?: readonly Readonly<Record<string, number>>[];
};
/** The address left the link, or came, by `ip monitor`. */
export type AddressNews = { readonly atSeconds: number; readonly deleted: boolean; readonly text: string };

export const CLIENT_MAC = "02:00:5e:10:00:55";
export const ROUTER = "10.64.0.1";
export const FIRST_POOL = { first: "10.64.0.50", last: "10.64.0.59" };
export const OTHER_POOL = { first: "10.64.0.150", last: "10.64.0.159" };
/** The resolvers of the machine the tests run on stay as they are. */
export const CONFIGURATION = '[system]\nresolver = "none"\n[uplink4.c0]\n';
export const ROUTER_MAC = "02:00:5e:10:00:01";
const PATIENCE_MS = 20_000;
const RELAYS = { dhcrelay: startDhcrelay4, "dnsmasq --dhcp-relay": startDnsmasqRelay4 } as const;

export class World4 {
  readonly place: Place4;
  readonly client: Namespace;
  readonly server: Namespace;
  readonly #access: Namespace;
  readonly #folder: string;
  #serverAddress: string;
  #server: Server4 | undefined;
  #leasehold: Leasehold | undefined;
  #wire: Capture | undefined;
  #monitor: Running | undefined;

  constructor(place: Place4, spaces: { readonly client: Namespace; readonly relay: Namespace; readonly server: Namespace }, folder: string) {
    this.place = place;
    this.client = spaces.client;
    this.server = spaces.server;
    this.#access = place.relay === undefined ? spaces.server : spaces.relay;
    this.#folder = folder;
    this.#serverAddress = place.relay === undefined ? ROUTER : "10.65.0.1";
  }

  get peer(): Peer {
    return PEERS[this.place.peer];
  }
  get folder(): string {
    return this.#folder;
  }
  /** Where the client's link ends: the server's namespace, or the relay's. */
  get access(): Namespace {
    return this.#access;
  }
  /** What the server calls itself in option 54. */
  get serverAddress(): string {
    return this.#serverAddress;
  }
  get said(): string {
    return `leasehold said:\n${this.#leasehold?.log().slice(-2500) ?? ""}\n${this.place.peer} said:\n${this.#server?.log().slice(-1500) ?? ""}`;
  }

  async build(): Promise<void> {
    const { client, server } = this;
    const bridge = this.place.relay === undefined ? "s0" : "r0";
    await this.#access.veth("p0", client, "c0");
    await client.ip("link", "set", "c0", "address", CLIENT_MAC);
    // otherwise the kernel leaves its own UDP checksums to a card that is not there, and every capture shows them wrong
    await client.exec("ethtool", "-K", "c0", "tx", "off");
    await this.#access.bridge(bridge, ["p0"]);
    await this.#access.ip("link", "set", "dev", bridge, "address", ROUTER_MAC);
    await this.#access.address(bridge, `${ROUTER}/24`);
    if (this.place.relay === undefined) return;
    await server.veth("s0", this.#access, "r1");
    await server.address("s0", `${this.#serverAddress}/24`);
    await this.#access.address("r1", "10.65.0.254/24");
    await server.ip("route", "add", "10.64.0.0/24", "via", "10.65.0.254");
    await this.#access.sysctl("net.ipv4.ip_forward", 1);
    // what the relay sends to a server still to come must not wait for it
    await this.#access.ip("route", "add", "blackhole", `${SUCCESSOR.relayed}/32`);
    const servers = [this.#serverAddress, SUCCESSOR.relayed];
    await RELAYS[this.place.relay](this.#access, { lower: bridge, address: ROUTER, upper: "r1", servers });
  }

  async serve(options: Partial<Server4Options> = {}): Promise<Server4> {
    const place = { ns: this.server, folder: this.#folder, relayed: this.place.relay !== undefined };
    this.#server = await this.peer.start(place, { pool: FIRST_POOL, router: ROUTER, ...options });
    return this.#server;
  }

  /** The server's address goes and another comes: what is started next calls itself by that one. */
  async renameServer(): Promise<void> {
    const next = this.place.relay === undefined ? SUCCESSOR.direct : SUCCESSOR.relayed;
    await this.server.ip("addr", "del", `${this.#serverAddress}/24`, "dev", "s0");
    await this.server.address("s0", `${next}/24`);
    if (this.place.relay !== undefined) {
      await this.server.ip("route", "replace", "10.64.0.0/24", "via", "10.65.0.254");
      await this.#access.ip("route", "del", "blackhole", `${next}/32`);
    }
    this.#serverAddress = next;
  }

  /** The program as a user starts it: all roles, all fences. */
  async leasehold(toml = CONFIGURATION, where: ProgramPlace = this.client): Promise<Leasehold> {
    this.#leasehold = await startLeasehold(where, this.#folder, toml);
    return this.#leasehold;
  }

  async addresses(): Promise<readonly KernelAddress4[]> {
    const links = (await this.client.json("ip", "-4", "-j", "addr", "show", "dev", "c0")) as readonly { addr_info?: readonly KernelAddress4[] }[];
    return links.flatMap(({ addr_info = [] }) => addr_info);
  }

  async routes(): Promise<readonly KernelRoute4[]> {
    return (await this.client.json("ip", "-4", "-j", "route", "show")) as readonly KernelRoute4[];
  }

  /** Our lease in the server's own file. */
  lease(server = this.#server): ReturnType<Server4["leases"]>[number] | undefined {
    return server?.leases().find(({ mac }) => mac === CLIENT_MAC);
  }

  /** Looks again and again until `look` gives a value. */
  until<T>(what: string, look: () => T | Promise<T>, seconds = PATIENCE_MS / 1000): Promise<NonNullable<T>> {
    return waitFor(
      async (see) => {
        see(this.said);
        const found = await look();
        if (found === undefined || found === false)
          see(`${this.said}\nkernel: ${JSON.stringify(await this.addresses())} file: ${JSON.stringify(this.#server?.leases())} ${Date.now() / 1000}`);
        return found;
      },
      seconds * 1000,
      what,
    );
  }

  /** An address in the kernel that the server's file knows as ours. */
  async bound(seconds?: number): Promise<KernelAddress4> {
    const address = await this.until("an address in the kernel", async () => (await this.addresses())[0], seconds);
    await this.until(`${address.local} in the server's file`, () => (this.lease()?.address === address.local ? true : undefined));
    return address;
  }

  async carrier(up: boolean): Promise<void> {
    await this.#access.ip("link", "set", "dev", "p0", up ? "up" : "down");
  }

  /** Records the client's wire at its far end, and the client's addresses, from now on. */
  async watch(): Promise<void> {
    this.#wire = await this.#access.capture("p0", "udp or arp or icmp");
    this.#monitor = this.client.spawn("ip", ["-ts", "-o", "-4", "monitor", "address"]);
  }

  async messages(): Promise<readonly Seen4[]> {
    return messagesIn(this.pcap);
  }

  /** Messages we sent. */
  async sent(): Promise<readonly Seen4[]> {
    return (await this.messages()).filter(({ macSource }) => macSource === CLIENT_MAC);
  }

  get pcap(): string {
    return this.#wire?.file ?? "";
  }

  addressNews(): readonly AddressNews[] {
    const lines = (this.#monitor?.stdout ?? "").split("\n").filter((line) => line.includes(" c0 "));
    return lines.map((text) => ({
      atSeconds: Date.parse(/^\[([^\]]+)\]/.exec(text)?.[1] ?? "") / 1000,
      deleted: text.includes("Deleted"),
      text,
    }));
  }

  /** Ends the recording. @returns what tshark holds against anything we sent */
  async complaints(): Promise<readonly string[]> {
    await this.#wire?.stop();
    return complaintsIn(this.pcap, `eth.src == ${CLIENT_MAC}`);
  }
}

const SUCCESSOR = { direct: "10.64.0.2", relayed: "10.65.0.2" };

/** Runs a story in a world of its own. */
export function inWorld4(place: Place4, story: (world: World4) => Promise<void>): Promise<void> {
  return withScratch((folder) =>
    withNamespaces(["client", "relay", "server"], async (spaces) => {
      const world = new World4(place, spaces, folder);
      await world.build();
      await story(world);
    }),
  );
}
