/** The DHCPv6 server keeps tables instead of a state, and is deterministic all the same: what it was told can be told again. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { LIMITS } from "../../src/base/limits.ts";
import { ReplyBatch } from "../../src/services/lan/dhcp6-server/batch.ts";
import { Dhcp6Server } from "../../src/services/lan/dhcp6-server/server.ts";
import { Offers } from "../../src/services/leases/offers.ts";
import { LeaseTable } from "../../src/services/leases/table.ts";
import type { ServerKeys } from "../../src/sim/house/gateway.ts";
import { Street } from "../../src/sim/house/world.ts";

type Told = (server: Dhcp6Server, out: ReplyBatch) => void;
type Recorded = { readonly told: Told; readonly said: readonly unknown[] };

/** All that a batch of answers says, as plain values. */
function saidIn(out: ReplyBatch): readonly unknown[] {
  const { count, end, journalEnd, routes } = out;
  const rows = [out.offsets, out.lengths, out.links, out.ports, out.held].map((column) => [...column.subarray(0, count)]);
  return [
    count,
    ...rows,
    [...out.addresses.subarray(0, 16 * count)],
    [...out.bytes.subarray(0, end)],
    [...out.journal.subarray(0, journalEnd)],
    routes.count,
  ];
}

/** A street lives for a while, and everything its one server is told, and says, is written down. */
function record(seed: number): { readonly steps: readonly Recorded[]; readonly keys: ServerKeys } {
  const steps: Recorded[] = [];
  const prototype = Dhcp6Server.prototype;
  const { serve, sweep, configure, setIndex, setAddresses } = prototype;
  const note = (told: Told, said: readonly unknown[] = []): void => void steps.push({ told, said });
  prototype.serve = function (batch, at, out, first = 0) {
    const copy = structuredClone({ ...batch });
    const next = serve.call(this, batch, at, out, first);
    note((server, into) => void server.serve(copy, at, into, first), saidIn(out));
    return next;
  };
  prototype.sweep = function (at, rows, out) {
    sweep.call(this, at, rows, out);
    note((server, into) => server.sweep(at, rows, into), saidIn(out));
  };
  prototype.configure = function (config) {
    configure.call(this, config);
    note((server) => server.configure(config));
  };
  prototype.setIndex = function (name, index) {
    setIndex.call(this, name, index);
    note((server) => server.setIndex(name, index));
  };
  prototype.setAddresses = function (name, addresses) {
    setAddresses.call(this, name, addresses);
    const copy = structuredClone(addresses);
    note((server) => server.setAddresses(name, copy));
  };
  try {
    const street = new Street({
      seed,
      gateways: 1,
      minutes: 10,
      faults: ["loss", "duplication", "reordering", "renumber", "hostRestart", "hostLeaves"],
    });
    const [house] = street.houses;
    assert.equal(house?.relay, undefined, "a second server would be recorded too");
    street.run();
    const keys = house?.gateway.keys;
    assert.ok(keys !== undefined);
    return { steps, keys };
  } finally {
    Object.assign(prototype, { serve, sweep, configure, setIndex, setAddresses });
  }
}

function serverWith(keys: ServerKeys): Dhcp6Server {
  const table = new LeaseTable({ key: keys.table, maxLeases: LIMITS.leases, maxRowsPerClient: LIMITS.leasesPerClient });
  return new Dhcp6Server({ table, offers: new Offers(keys.offers), key: keys.server });
}

/** @returns the first step that said something else */
function firstDifference(steps: readonly Recorded[], keys: ServerKeys): number | undefined {
  const server = serverWith(keys);
  const out = new ReplyBatch({ slots: 256, arenaBytes: 1024 * 1024 });
  for (const [i, { told, said }] of steps.entries()) {
    out.clear();
    told(server, out);
    if (said.length > 0 && JSON.stringify(saidIn(out)) !== JSON.stringify(said)) return i;
  }
  return undefined;
}

test("a server that is told the same says the same, octet for octet, its journal included", () => {
  const { steps, keys } = record(2);
  const answers = steps.filter(({ said: [count] }) => typeof count === "number" && count > 0).length;
  assert.ok(answers > 20, `${answers} answers`);
  assert.equal(firstDifference(steps, keys), undefined);
});

test("control: another key is seen in what the server says", () => {
  const { steps, keys } = record(2);
  assert.notEqual(firstDifference(steps, { ...keys, server: keys.server.map((octet) => octet ^ 1) }), undefined);
});
