/** Main's office for uplink6: what it carries out in which order, and what is left when an uplink goes out of the configuration. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Duid } from "../../src/base/duid.ts";
import type { Ipv6Address, Ipv6Prefix } from "../../src/base/ipv6.ts";
import type { Incoming } from "../../src/roles/connection.ts";
import type { Tools } from "../../src/roles/main/office.ts";
import type { UplinkHost } from "../../src/roles/main/uplink-host.ts";
import { Uplink6Office } from "../../src/roles/main/uplink6-office.ts";
import { CATALOGUE, type Configuration } from "../../src/roles/messages/catalogue.ts";
import { speak } from "../../src/roles/messages/spoken.ts";
import { Counters } from "../../src/services/counters.ts";
import { uplink6 } from "../../src/services/uplink6/config.ts";
import { withScratch } from "../support/scratch.ts";

speak(CATALOGUE); // as main does

type Kind = "configurePlan" | "openDatagramSocket" | "publishUplink6" | "saveLease" | "withdrawUplink";
const LINKS: Readonly<Record<number, string>> = { 3: "wan0", 4: "lan0" };
const record = new TextEncoder().encode('{"version":1}\n');
const SOUND: { readonly [K in Kind]: object } = {
  configurePlan: {
    addresses: [{ link: 4, name: "lan0", address: "2001:db8::1" as Ipv6Address, prefixLength: 64, preferredSeconds: 300, validSeconds: 600 }],
    aggregates: [{ prefix: "2001:db8::/56" as Ipv6Prefix, route: "unreachable" }],
  },
  openDatagramSocket: { purpose: "dhcp6-client", link: 3, name: "wan0" },
  publishUplink6: { link: 3, name: "wan0", nameServers: [], searchDomains: [], record },
  saveLease: { name: "wan0", record },
  withdrawUplink: { link: 3, name: "wan0" },
};

/** An office with a kernel that only writes down what it is asked for. */
function officeIn(folder: string) {
  const did: string[] = [];
  const refused = new Counters();
  let generation = 0;
  const network = {
    nameOf: (index: number) => LINKS[index],
    addresses: () => [],
    routes: () => [],
    addAddress: () => undefined, // only what is rehearsed
    replaceAddress: ({ address }: { readonly address: string }) => void did.push(`address ${address}`),
    addRoute: ({ destination }: { readonly destination: string }) => void did.push(`route ${destination}`),
  };
  const tools = {
    options: { "state-dir": folder },
    ...{ network, refused, generation: () => generation },
    log: { write: () => undefined },
    children: { to: (role: string) => ({ send: (kind: string) => void did.push(`${kind} to ${role}`) }) },
  } as unknown as Tools;
  const host = {
    configure: () => undefined,
    forgetOthers: () => undefined,
    publish: (name: string) => void did.push(`published ${name}`),
    withdraw: (name: string) => void did.push(`withdrawn ${name}`),
  } as unknown as UplinkHost;
  const office = new Uplink6Office(tools, "000400112233445566778899aabbccddeeff" as Duid, host);
  const names = (...uplinks: readonly string[]) => uplinks.map((name) => uplink6(name, [{ iaid: 1, targets: [LAN0] }]));
  return {
    office,
    refused,
    /** What was done since last looked at. */
    did: (): readonly string[] => did.splice(0),
    configure: (...uplinks: readonly string[]): boolean => {
      generation++;
      return office.configure({ uplink6: names(...uplinks), host: {} } as unknown as Configuration);
    },
    asks: (kind: Kind, at = generation): void =>
      office.message("engine-uplink6", { kind, generation: at, descriptors: [], body: SOUND[kind] } as unknown as Incoming),
  };
}
const LAN0 = { interface: "lan0", prefixLength: 64, hostPart: "::1" as Ipv6Address };
const KINDS = Object.keys(SOUND) as readonly Kind[];

test("B56: a plan, a socket, a record or facts of uplink6 before there is a configuration, or of one that is not in force, are refused and counted", () =>
  withScratch(async (folder) => {
    const { asks, did, refused, configure } = officeIn(folder);
    for (const kind of KINDS) asks(kind);
    assert.deepEqual(did(), []);
    assert.deepEqual(
      Object.keys(refused.toJSON()).sort(),
      KINDS.map((kind) => `${kind}.name`),
    );
    configure("wan0");
    const judged = KINDS.filter((kind) => kind !== "withdrawUplink");
    for (const kind of judged) for (const generation of [0, 2]) asks(kind, generation);
    assert.deepEqual(did(), []);
    for (const kind of judged) assert.equal(refused.get(`${kind}.generation`), 2, kind);
    asks("configurePlan");
    assert.deepEqual(did(), ["route 2001:db8::/56", "address 2001:db8::1"]);
  }));

test("B56: an engine that is ready before there is a configuration is told no more than its secret; then the configuration, and the leases after it", () =>
  withScratch(async (folder) => {
    const { office, configure, asks, did } = officeIn(folder);
    office.ready("engine-uplink6");
    assert.deepEqual(did(), ["stableSecret to engine-uplink6"]);
    configure("wan0");
    asks("saveLease");
    office.reconfigured();
    assert.deepEqual(did(), ["uplink6Config to engine-uplink6", "storedLease to engine-uplink6"]);
  }));

test("B23: of an uplink that goes out of the configuration nothing is opened, published, kept or applied from then on, and the engine is told that it serves none", () =>
  withScratch(async (folder) => {
    const { office, configure, asks, did, refused } = officeIn(folder);
    configure("wan0");
    for (const kind of ["publishUplink6", "saveLease", "configurePlan"] as const) asks(kind);
    assert.deepEqual(did(), ["published wan0", "route 2001:db8::/56", "address 2001:db8::1"]);
    assert.equal(configure(), true, "the service goes on: what it had put there is still to be taken away");
    office.reconfigured();
    assert.deepEqual(did(), ["uplink6Config to engine-uplink6"]);
    for (const kind of KINDS) asks(kind);
    assert.deepEqual(did(), []);
    assert.deepEqual(
      Object.keys(refused.toJSON()).sort(),
      KINDS.map((kind) => `${kind}.name`),
    );
    assert.deepEqual([office.serves, office.stop().patienceMs], ["uplink6 on nothing", 0]);
  }));
