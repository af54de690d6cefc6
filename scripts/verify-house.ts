/**
 * Confirms the private house from the outside: the kernel, an ICMP echo, the peer's own words. Imports nothing from src/services.
 * Exit 0 only when every row is confirmed. Run by `npm start` inside the gateway's network namespace; reads what to check from a file.
 */
import { readFileSync } from "node:fs";
import { type Ipv4Address, parseIpv4 } from "../src/base/ipv4.ts";
import { KernelNetwork } from "../src/platform/netlink/kernel-network.ts";
import { ADDRESS_PROTOCOL, ROUTE_PROTOCOL, TABLE } from "../src/wire/netlink/numbers.ts";
import { ping } from "./house/ping.ts";

export type HouseFacts = {
  readonly uplink: string;
  readonly providerAddress: string;
  readonly beyondAddress: string;
  /** JSON lines the provider writes: one object for each lease it grants. */
  readonly providerEvents: string;
  /** Main's process id; its children are the roles. */
  readonly mainPid: number;
  readonly ownIds: boolean;
};
type Row = { readonly what: string; readonly confirmed: boolean; readonly fact: string; readonly source: string };
type Grant = { readonly address: string; readonly mac: string; readonly renewal: boolean };

/** All rows together: a house that is well needs seven seconds. */
const DEADLINE_MS = 25_000;
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const facts = JSON.parse(readFileSync(process.argv[2] ?? "", "utf8")) as HouseFacts;
const network = new KernelNetwork();
const deadline = performance.now() + DEADLINE_MS;
const rows: Row[] = [];
rows.push(await eventually(addressRow), await eventually(peerRow), await eventually(routeRow));
rows.push(
  await eventually(() => echoRow("the provider answers the gateway", facts.providerAddress)),
  await eventually(() => echoRow("a host beyond the provider answers, over the default route", facts.beyondAddress)),
);
rows.push(await eventually(renewalRow), ...roleRows());
rows.push(await echoRow("the provider still answers at the end", facts.providerAddress));
print(rows);
process.exitCode = rows.every(({ confirmed }) => confirmed) ? 0 : 1;

/** Rows become true in time; a row that stays false is told with what was seen last. */
async function eventually(look: () => Row | Promise<Row>): Promise<Row> {
  for (;;) {
    const row = await look();
    if (row.confirmed || performance.now() > deadline) return row;
    await pause(100);
  }
}

function link(): { readonly index: number; readonly mac: string } | undefined {
  const found = network.links().find(({ name }) => name === facts.uplink);
  return found === undefined ? undefined : { index: found.index, mac: found.mac ?? "" };
}

function ours(): ReturnType<typeof network.addresses>[number] | undefined {
  return network.addresses("ipv4").find((one) => one.interfaceIndex === link()?.index && one.protocol === ADDRESS_PROTOCOL.dhcp);
}

function addressRow(): Row {
  const address = ours();
  const fact = address === undefined ? "no address" : `${address.address}/${address.prefixLength}, valid for ${address.validSeconds} s`;
  return {
    what: `${facts.uplink} holds an address with a lifetime`,
    confirmed: address !== undefined && address.validSeconds < 0xffffffff,
    fact,
    source: "kernel",
  };
}

function peerRow(): Row {
  const grant = grants().at(-1);
  const confirmed = grant !== undefined && grant.address === ours()?.address && grant.mac === link()?.mac;
  return {
    what: "the provider says it gave that address to that hardware address",
    confirmed,
    fact: grant === undefined ? "no grant" : `${grant.address} to ${grant.mac}`,
    source: "peer",
  };
}

function routeRow(): Row {
  const route = network
    .routes("ipv4")
    .find((one) => one.destination === "0.0.0.0/0" && one.table === TABLE.main && one.protocol === ROUTE_PROTOCOL.dhcp);
  return {
    what: "the default route leads to the provider",
    confirmed: route?.gateway === facts.providerAddress,
    fact: route === undefined ? "no default route" : `via ${route.gateway} metric ${route.metric}`,
    source: "kernel",
  };
}

async function echoRow(what: string, target: string): Promise<Row> {
  const address = parseIpv4(target) ?? ("0.0.0.0" as Ipv4Address);
  const tookMs = await ping(address).catch(() => undefined);
  return {
    what,
    confirmed: tookMs !== undefined,
    fact: tookMs === undefined ? `no answer from ${target}` : `${target} answered`,
    source: "ICMP echo",
  };
}

/** The provider saw a REQUEST with ciaddr, and the kernel's lifetime was written anew. */
function renewalRow(): Row {
  const renewals = grants().filter(({ renewal, address }) => renewal && address === ours()?.address);
  return {
    what: "the lease was renewed at T1",
    confirmed: renewals.length > 0,
    fact: `${renewals.length} renewals, ${ours()?.validSeconds ?? 0} s left`,
    source: "peer, kernel",
  };
}

function roleRows(): readonly Row[] {
  const children = readFileSync(`/proc/${facts.mainPid}/task/${facts.mainPid}/children`, "utf8").trim().split(/\s+/).filter(Boolean);
  const status = children.map((pid) => readFileSync(`/proc/${pid}/status`, "utf8"));
  const field = (text: string, name: string): string => new RegExp(`^${name}:\\s+(\\S+)`, "m").exec(text)?.[1] ?? "";
  const fenced =
    status.length >= 2 &&
    status.every((text) => /^0+$/.test(field(text, "CapEff")) && field(text, "Seccomp") === "2" && field(text, "NoNewPrivs") === "1");
  const uids = status.map((text) => field(text, "Uid"));
  const own = new Set(uids).size === uids.length && !uids.includes("0") && uids.length >= 2;
  const confined = {
    what: "every role runs without rights, behind a system-call filter",
    confirmed: fenced,
    fact: `${status.length} roles`,
    source: "kernel",
  };
  const ids = {
    what: facts.ownIds ? "every role has a user id of its own" : "roles share one user id (a user namespace maps no more)",
    confirmed: own === facts.ownIds,
    fact: uids.join(" "),
    source: "kernel",
  };
  return [confined, ids];
}

/** What the provider wrote: {"event":"ack","address":...,"mac":...,"ciaddr":...}, a line each. */
function grants(): readonly Grant[] {
  return readFileSync(facts.providerEvents, "utf8")
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as { readonly event: string; readonly address?: string; readonly mac?: string; readonly renewal?: boolean })
    .filter(({ event }) => event === "ack")
    .map(({ address = "", mac = "", renewal = false }) => ({ address, mac, renewal }));
}

function print(all: readonly Row[]): void {
  const width = Math.max(...all.map(({ what }) => what.length));
  process.stdout.write("\n");
  for (const { what, confirmed, fact, source } of all)
    process.stdout.write(`${confirmed ? "  ok  " : "  NOT "} ${what.padEnd(width)}  ${fact}  (${source})\n`);
  const confirmedCount = all.filter(({ confirmed }) => confirmed).length;
  process.stdout.write(`\n${confirmedCount} of ${all.length} rows confirmed\n`);
}
