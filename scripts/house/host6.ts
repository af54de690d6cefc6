/**
 * A host that takes an address by DHCPv6 on a real link and holds it there: the simulator's actor on real sockets.
 *
 *   node --import tsx scripts/house/host6.ts --interface IF [--iaid 1] [--prefix-length N] [--no-address] [--rapid-commit] \
 *     [--set-up] [--json-events FILE|FD]
 *
 * Events are lines of JSON: {"event":"bound","held":[{"kind":"address","value":"2001:db8::10","preferredSeconds":60,"validSeconds":120}],...}.
 * SIGUSR2, or a line "release" on standard input, gives everything back. Addresses go onto the interface as /128 with their
 * lifetimes: what is on the link is for routers to say. A prefix is only told of.
 */
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { duidLl } from "../../src/base/duid.ts";
import { secondsUntil, type Instant, instant } from "../../src/base/time.ts";
import { native } from "../../src/platform/native.ts";
import { KernelNetwork } from "../../src/platform/netlink/kernel-network.ts";
import type { Host6Event } from "../../src/sim/actors/dhcp6-host.ts";
import type { Held6 } from "../../src/sim/actors/host6-answer.ts";
import { liveOnLink6 } from "../../src/sim/real/dhcp6-sockets.ts";
import { appears } from "./addresses.ts";
import { drop6, hold6, linkUp, reader, teller } from "./network6.ts";

const text = { type: "string" } as const;
const { values } = parseArgs({
  options: {
    interface: text,
    iaid: { ...text, default: "1" },
    "prefix-length": text,
    "no-address": { type: "boolean", default: false },
    "rapid-commit": { type: "boolean", default: false },
    "set-up": { type: "boolean", default: false },
    "json-events": { ...text, default: "1" },
  },
});
const { usage, given, number } = reader("host6", "--interface IF [--iaid N] [--prefix-length N] [--no-address] [--rapid-commit] [--set-up]");
const tell = teller(values["json-events"]);
const name = given(values.interface, "interface");
const index = values["set-up"] ? await appears(name) : (new KernelNetwork().link(name)?.index ?? usage(`no link "${name}"`));
linkUp(index);
const mac = new KernelNetwork().link(index)?.mac ?? usage(`"${name}" has no Ethernet address`);
let onLink: readonly Held6[] = [];

const live = liveOnLink6(
  name,
  {
    duid: duidLl(mac),
    iaid: number(values.iaid),
    address: !values["no-address"],
    prefixLength: values["prefix-length"] === undefined ? undefined : number(values["prefix-length"]),
    rapidCommit: values["rapid-commit"],
  },
  (event) => {
    tell(lineOf(event));
    settle(event.kind === "lost" || event.kind === "released" ? live.host.held : event.held);
  },
);
process.on("SIGUSR2", () => release());
createInterface({ input: process.stdin }).on("line", (line) => {
  if (line.trim() === "release") release();
});

function release(): void {
  settle([]);
  live.release();
}

/** What is not held any more goes from the interface; the rest gets its lifetimes anew. */
function settle(held: readonly Held6[]): void {
  for (const old of onLink) if (old.kind === "address" && !held.some(({ value }) => value === old.value)) drop6(index, old.value);
  for (const one of held) if (one.kind === "address") hold6(index, one.value, 128, lifetimesOf(one));
  onLink = held;
}

function lineOf({ kind, held, detail }: Host6Event): object {
  return {
    event: kind,
    detail,
    held: held.map((one) => ({ kind: one.kind, value: one.value, ...lifetimesOf(one) })),
    resolvers: live.host.resolvers,
  };
}

function lifetimesOf({ preferredUntil, validUntil }: Held6) {
  const now: Instant = instant(native().bootTimeMs());
  return { preferredSeconds: secondsUntil(preferredUntil, now), validSeconds: secondsUntil(validUntil, now) };
}
