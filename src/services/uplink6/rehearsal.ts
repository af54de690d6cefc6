/**
 * One acquisition from a provider of our own, in a world where nothing leaves the program: what the first real one needs is compiled by
 * then. That took three milliseconds of ten, and a house waits for them.
 */
import type { Duid } from "../../base/duid.ts";
import type { Ipv6Address, Ipv6Prefix } from "../../base/ipv6.ts";
import type { LinkDatagrams } from "../../ports/datagrams.ts";
import type { PrefixPlan } from "../../ports/kernel.ts";
import { iaPd, iaPrefix } from "../../wire/dhcp6/leases.ts";
import { type Dhcp6ClientMessage, decodeDhcp6, dhcp6, encodeDhcp6, isRelayMessage } from "../../wire/dhcp6/message.ts";
import { standingClock } from "../standing-clock.ts";
import { uplink6 } from "./config.ts";
import { Uplink6 } from "./service.ts";

type Sent = Parameters<LinkDatagrams["send"]>[1];
/** What would have left the service, for whoever carries it. */
export type Rehearsed = { readonly sent: readonly Sent[]; readonly plans: readonly PrefixPlan[] };

const UPLINK = { index: 1, name: "rehearsal0", running: true };
const LAN = { index: 2, name: "rehearsal1", running: true };
const DUID = "0003000102005e100001" as Duid;
const SERVER = "0003000102005e100002" as Duid;
const OWN = "fe80::1" as Ipv6Address;
const THEIRS = "fe80::2" as Ipv6Address;
const SERVER_PORT = 547;
const HOP_LIMIT = 64;
const LIFETIMES = { preferredSeconds: 3000, validSeconds: 7200 };

export function rehearse(): Rehearsed {
  const sent: Sent[] = [];
  const plans: PrefixPlan[] = [];
  const due: (() => void)[] = [];
  const sockets = { open: nothing, close: nothing };
  const service = new Uplink6({
    clock: standingClock(due),
    datagrams: { send: (_link, datagram) => void sent.push(datagram) },
    sockets,
    routers: { datagrams: { send: nothing }, sockets },
    kernel: { apply: (plan) => void plans.push(plan) },
    host: { publish: nothing, withdraw: nothing },
    events: { tell: nothing },
    records: { save: nothing, remove: nothing },
    log: { write: nothing },
  });
  const targets = [{ interface: LAN.name, prefixLength: 64, hostPart: "::1" as Ipv6Address }];
  service.configure({ duid: DUID, interfaces: [uplink6(UPLINK.name, [{ iaid: 1, targets }])] });
  for (const link of [UPLINK, LAN]) service.linkNews(link);
  service.linksListed(new Set([UPLINK.index, LAN.index]));
  service.socketReady(UPLINK.index);
  service.addressIs({ link: UPLINK.index, address: OWN, prefixLength: 64, ...LIFETIMES, ...USABLE });
  for (const kind of ["advertise", "reply"] as const) {
    for (const ring of due.splice(0)) ring();
    const question = sent.at(-1);
    const asked = question === undefined ? undefined : decodeDhcp6(question.payload);
    if (asked === undefined || isRelayMessage(asked)) break;
    const payload = encodeDhcp6(answerTo(asked, kind));
    service.datagram(UPLINK.index, { from: THEIRS, port: SERVER_PORT, to: OWN, hopLimit: HOP_LIMIT, payload });
  }
  return { sent, plans };
}

function answerTo({ transactionId, options: { clientId } }: Dhcp6ClientMessage, kind: "advertise" | "reply"): Dhcp6ClientMessage {
  const prefixes = [iaPrefix("2001:db8::/56" as Ipv6Prefix, LIFETIMES)];
  const options = { serverId: SERVER, iaPd: [iaPd({ iaid: 1, iaPrefix: prefixes })], dnsServers: [THEIRS] };
  return dhcp6({ kind, transactionId, options: clientId === undefined ? options : { ...options, clientId } });
}

const USABLE = { tentative: false, dadFailed: false, deprecated: false, temporary: false } as const;

function nothing(): void {}
