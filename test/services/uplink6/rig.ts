/** The service on virtual time, with ports that write down what they are asked for. */
import assert from "node:assert/strict";
import type { Duid } from "../../../src/base/duid.ts";
import type { Ipv6Address, Ipv6Prefix } from "../../../src/base/ipv6.ts";
import { instant } from "../../../src/base/time.ts";
import type { PrefixPlan } from "../../../src/ports/kernel.ts";
import { type DelegationWish, type PlanTarget, uplink6, type Uplink6Interface } from "../../../src/services/uplink6/config.ts";
import { Uplink6 } from "../../../src/services/uplink6/service.ts";
import { ALONE, linkLocalOf } from "../../../src/sim/uplink-ports.ts";
import { Chance } from "../../../src/sim/chance.ts";
import { SimClock, Timeline } from "../../../src/sim/clock.ts";
import { SimDisk } from "../../../src/sim/disk.ts";
import { type IaPd, iaPd, iaPrefix } from "../../../src/wire/dhcp6/leases.ts";
import { type Dhcp6ClientMessage, decodeDhcp6, dhcp6, encodeDhcp6, isRelayMessage } from "../../../src/wire/dhcp6/message.ts";

export const DUID = "000400112233445566778899aabbccddeeff" as Duid;
export const SERVER = "0003000102005e100001" as Duid;
export const PREFIX = "2001:db8:100::/56" as Ipv6Prefix;
export const OTHER_PREFIX = "2001:db8:200::/56" as Ipv6Prefix;
const SERVER_ADDRESS = "fe80::1" as Ipv6Address;
const OUR_ADDRESS = "fe80::2" as Ipv6Address;

export const target = (name: string | undefined, prefixLength = 64, hostPart = "::1"): PlanTarget => ({
  interface: name,
  prefixLength,
  hostPart: hostPart as Ipv6Address,
});
export const wan = (
  delegations: readonly DelegationWish[] = [{ iaid: 1, targets: [target("lan0"), target("lan1")] }],
  name = "wan0",
): Uplink6Interface => uplink6(name, delegations);
export const ia = (iaid: number, ...prefixes: readonly (readonly [string, number?, number?])[]): IaPd =>
  iaPd({
    iaid,
    iaPrefix: prefixes.map(([prefix, preferredSeconds = 1800, validSeconds = 3600]) =>
      iaPrefix(prefix as Ipv6Prefix, { preferredSeconds, validSeconds }),
    ),
  });

export function rig() {
  const timeline = new Timeline();
  const clock = new SimClock(timeline, 1);
  const asked: string[] = [];
  const plans: PrefixPlan[] = [];
  const sent: { readonly link: number; readonly to: string; readonly port: number; readonly message: Dhcp6ClientMessage }[] = [];
  const disk = new SimDisk(timeline, new Chance(1));
  const logged: string[] = [];
  const told: string[] = [];
  const askedRouters: string[] = [];
  const solicited: Uint8Array[] = [];
  const published = new Map<string, Readonly<Record<string, unknown>>>();
  const service = new Uplink6({
    clock,
    datagrams: {
      send: (link, { to, port, payload }) => {
        const message = decodeDhcp6(payload);
        assert.ok(!isRelayMessage(message), "a client speaks");
        sent.push({ link, to, port, message });
      },
    },
    kernel: { apply: (plan) => void plans.push(plan) },
    ...ALONE,
    routers: {
      datagrams: { send: (_link, { payload }) => void solicited.push(payload) },
      sockets: {
        open: (link, name) => void askedRouters.push(`open ${link} ${name}`),
        close: (link, name) => void askedRouters.push(`close ${link} ${name}`),
      },
    },
    host: {
      publish: (_link, name, { record }) => void published.set(name, JSON.parse(new TextDecoder().decode(record))),
      withdraw: (_link, name) => void published.delete(name),
    },
    events: { tell: (name, event) => void told.push(`${name} ${event}`) },
    records: disk,
    sockets: { open: (link, name) => void asked.push(`open ${link} ${name}`), close: (link, name) => void asked.push(`close ${link} ${name}`) },
    log: { write: (_level, event, fields) => void logged.push(`${event} ${Object.values(fields).join(" ")}`) },
  });
  const self = {
    service,
    timeline,
    clock,
    disk,
    sent,
    plans,
    logged,
    solicited,
    askedRouters,
    published,
    /** Events since last looked at. */
    told: (): readonly string[] => told.splice(0),
    /** What was asked for since last looked at. */
    asked: (): readonly string[] => asked.splice(0),
    phase: (name = "wan0") => service.uplink(name)?.state.phase.kind,
    /** Virtual seconds go by. */
    wait: (seconds: number): void => timeline.runUntil(instant(timeline.now + seconds * 1000)),
    link: (index: number, name: string, running = true): void => {
      service.linkNews({ index, name, running });
      service.addressIs(linkLocalOf(index));
      service.socketReady(index);
    },
    /** Links 1 wan0, 2 lan0, 3 lan1 are there, and the list of them was read to its end. */
    links: (...names: readonly string[]): void => {
      const all = names.length === 0 ? ["wan0", "lan0", "lan1"] : names;
      for (const [i, name] of all.entries()) self.link(i + 1, name);
      service.linksListed(new Set(all.map((_, i) => i + 1)));
    },
    receive: (payload: Uint8Array, link = 1): void =>
      service.datagram(link, { from: SERVER_ADDRESS, port: 547, to: OUR_ADDRESS, hopLimit: 1, payload }),
    /** An answer to what was sent last on the link. */
    answer: (kind: "advertise" | "reply", ias: readonly IaPd[], link = 1): void => {
      const transactionId = sent.findLast((one) => one.link === link)?.message.transactionId ?? 0;
      self.receive(encodeDhcp6(dhcp6({ kind, transactionId, options: { clientId: DUID, serverId: SERVER, iaPd: ias } })), link);
    },
    bind: (ias: readonly IaPd[], link = 1): void => {
      self.answer("advertise", ias, link);
      if (self.lastSent(link) !== "request") self.wait(1.2);
      self.answer("reply", ias, link);
      self.wait(0.1);
    },
    lastSent: (link = 1) => sent.findLast((one) => one.link === link)?.message.kind,
    /** The last plan as people would write it: "lan0 2001:db8::1/64 1800/3600". */
    plan: (): readonly string[] => {
      const plan = plans.at(-1);
      assert.ok(plan !== undefined, "no plan was applied");
      return [
        ...plan.addresses.map((one) => `${one.name} ${one.address}/${one.prefixLength} ${one.preferredSeconds}/${one.validSeconds}`),
        ...plan.aggregates.map(({ prefix }) => `unreachable ${prefix}`),
      ];
    },
  };
  return self;
}

/** Bound to /56, two targets on it. */
export function boundRig(uplink = wan(), ias: readonly IaPd[] = [ia(1, [PREFIX])]) {
  const self = rig();
  self.service.configure({ duid: DUID, interfaces: [uplink] });
  self.links();
  self.bind(ias);
  assert.equal(self.phase(), "bound");
  return self;
}
