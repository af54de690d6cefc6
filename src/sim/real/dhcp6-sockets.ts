/** The simulator's IPv6 actors on a real link: a provider on UDP 547, a host on UDP 546, a router that only advertises. */
import { createSocket, type Socket } from "node:dgram";
import { type Ipv6Address, ipv6Address, parseIpv6, UNSPECIFIED_V6 } from "../../base/ipv6.ts";
import { Writer } from "../../base/cursor.ts";
import { type Instant, instant } from "../../base/time.ts";
import { AF, check, native, SOCK, SOL } from "../../platform/native.ts";
import { encodeIcmp6, ND_HOP_LIMIT, type RouterAdvertisement } from "../../wire/icmp6/message.ts";
import { Dhcp6Host, type Dhcp6HostConfig, type Host6Event } from "../actors/dhcp6-host.ts";
import { PrefixProvider, type Provider6Config, type Provider6Event } from "../actors/dhcp6-provider.ts";
import { ALL_AGENTS, ALL_NODES, DHCP6_PORT, type Heard, type Said } from "../actors/exchange.ts";

const ICMPV6 = 58;
const IPV6_MULTICAST_HOPS = 18;
const IPV6_MULTICAST_IF = 17;

export type ServedLink = { readonly provider: PrefixProvider; close(): void };

/** Serves until closed. @param onEvent what was done, for the client that asked from `via` */
export function serveLink6(name: string, config: Provider6Config, onEvent: (event: Provider6Event, via: Ipv6Address) => void): ServedLink {
  let via = UNSPECIFIED_V6;
  const provider = new PrefixProvider(config, (event) => onEvent(event, via));
  const socket = openSocket(name, DHCP6_PORT.server, ALL_AGENTS, (heard) => {
    via = heard.from;
    return provider.onDatagram(heard, bootTime());
  });
  return { provider, close: () => socket.close() };
}

export type LiveHost = { readonly host: Dhcp6Host; release(): void; close(): void };

/** Asks until closed. */
export function liveOnLink6(name: string, config: Dhcp6HostConfig, onEvent: (event: Host6Event) => void): LiveHost {
  const host = new Dhcp6Host(config, chance, onEvent);
  const socket = openSocket(name, DHCP6_PORT.client, undefined, (heard) => acted(host.heard(heard, bootTime())));
  let timer: NodeJS.Timeout | undefined;
  const acted = (said: readonly Said[]): readonly Said[] => {
    clearTimeout(timer);
    const pauseMs = host.deadline - bootTime();
    if (Number.isFinite(pauseMs)) timer = setTimeout(() => socket.say(acted(host.tick(bootTime()))), Math.min(0x7fffffff, Math.max(1, pauseMs)));
    return said;
  };
  socket.say(acted(host.start(bootTime())));
  return {
    host,
    release: () => socket.say(acted(host.release(bootTime()))),
    close: () => {
      clearTimeout(timer);
      socket.close();
    },
  };
}

/** Advertises on a link at an interval; solicitations are not waited for. */
export function advertiseOnLink(link: number, everyMs: number, advertisement: () => RouterAdvertisement): { close(): void } {
  const fd = check(native().socket(AF.inet6, SOCK.raw, ICMPV6), "socket");
  const number = (value: number): Uint8Array => new Uint8Array(new Int32Array([value]).buffer);
  check(native().setSockOpt(fd, SOL.ipv6, IPV6_MULTICAST_HOPS, number(ND_HOP_LIMIT)), "setsockopt IPV6_MULTICAST_HOPS");
  check(native().setSockOpt(fd, SOL.ipv6, IPV6_MULTICAST_IF, number(link)), "setsockopt IPV6_MULTICAST_IF");
  const send = (): void => {
    const payload = encodeIcmp6(advertisement(), { source: UNSPECIFIED_V6, destination: ALL_NODES }); // the kernel knows the source, and sums again
    native().sendTo(fd, payload, inet6Address(ALL_NODES, link), 0);
  };
  const timer = setInterval(send, everyMs);
  send();
  return {
    close: () => {
      clearInterval(timer);
      native().close(fd);
    },
  };
}

type LinkSocket = { say(said: readonly Said[]): void; close(): void };

function openSocket(name: string, port: number, group: Ipv6Address | undefined, heard: (heard: Heard) => readonly Said[]): LinkSocket {
  const socket: Socket = createSocket({ type: "udp6", reuseAddr: true, ipv6Only: true });
  const say = (said: readonly Said[]): void => {
    for (const { to, port: at, payload, afterMs } of said) setTimeout(() => socket.send(payload, at, `${to}%${name}`, ignoreErrors), afterMs);
  };
  socket.on("message", (payload, { address }) => {
    const from = parseIpv6(address.split("%")[0] ?? "");
    if (from !== undefined) say(heard({ from, payload }));
  });
  socket.bind(port, "::", () => {
    if (group !== undefined) socket.addMembership(group, `::%${name}`);
  });
  return { say, close: () => socket.close() };
}

/** A link whose address is not there yet, or which is down: actors send again. */
function ignoreErrors(): void {}

function bootTime(): Instant {
  return instant(native().bootTimeMs());
}

function chance(): number {
  const word = new Uint32Array(1);
  native().random(new Uint8Array(word.buffer));
  return word[0] ?? 0;
}

/** struct sockaddr_in6 */
function inet6Address(address: Ipv6Address, scope: number): Uint8Array {
  const writer = new Writer(28);
  writer.hostU16(AF.inet6);
  writer.u16(0);
  writer.u32(0);
  ipv6Address.encode(writer, address);
  writer.hostU32(scope);
  return writer.take();
}
