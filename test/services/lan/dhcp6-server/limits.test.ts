/** What a server may not be talked into: more quarantined addresses than are kept, and promises that the disk has no room for. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { LIMITS } from "../../../../src/base/limits.ts";
import { iaAddress, iaNa, STATUS } from "../../../../src/wire/dhcp6/leases.ts";
import { addressIn, Bed } from "./support.ts";

const IA = { iaid: 5 };

test("clients that decline one address after another take no more of them out of use than are kept; what is declined beyond may be given again (RFC 9915 §18.3.8)", () => {
  const bed = new Bed({ pools: { prefixes: [] } });
  const declined: string[] = [];
  for (let i = 0; i < LIMITS.declinedPerLink + 50; i++) {
    const n = 10 + i;
    const held = addressIn(bed.ask(n, "request", { iaNa: [iaNa({ iaid: i })] }));
    declined.push(held);
    const answer = bed.ask(n, "decline", { iaNa: [iaNa({ iaid: i, iaAddress: [iaAddress(held)] })] });
    assert.equal(answer.message.options.status?.code, STATUS.success);
  }
  assert.equal(new Set(declined.slice(0, LIMITS.declinedPerLink)).size, LIMITS.declinedPerLink, "none of them was given twice");
  assert.equal(bed.server.view().links[0]?.declined, LIMITS.declinedPerLink);
  const last = bed.ask(2, "request", { iaNa: [iaNa({ ...IA, iaAddress: [iaAddress(declined.at(-1) as never)] })] });
  assert.equal(addressIn(last), declined.at(-1));
  const first = bed.ask(3, "request", { iaNa: [iaNa({ ...IA, iaAddress: [iaAddress(declined[0] as never)] })] });
  assert.notEqual(addressIn(first), declined[0]);
  assert.equal(first.message.options.iaNa?.[0]?.options.status, undefined, "others are served all the while");
});

test("on a full disk nobody is given anything new and nobody is told so, and who holds a lease is told what is left of it; nothing is written", () => {
  const bed = new Bed();
  const held = addressIn(bed.ask(1, "request", { iaNa: [iaNa(IA)] }));
  const renew = { iaNa: [iaNa({ ...IA, iaAddress: [iaAddress(held)] })] };
  bed.server.diskIs("full");
  bed.now += 2000;
  const repeated = bed.ask(1, "renew", renew).message.options.iaNa?.[0]?.options.iaAddress?.[0];
  assert.deepEqual([repeated?.address, repeated?.validSeconds, bed.replies.images], [held, 1600, 0]);
  for (const kind of ["request", "release", "decline"] as const) assert.equal(bed.hear(2, kind, { iaNa: [iaNa(IA)] }), undefined, kind);
  assert.ok((bed.refused()["disk-full"] ?? 0) >= 1);
  assert.equal(bed.table.count, 1);
  assert.ok(bed.hear(3, "informationRequest", { requestedOptions: [23] }) !== undefined, "what needs no disk goes on");
  bed.server.diskIs("open");
  const extended = bed.ask(1, "renew", renew).message.options.iaNa?.[0]?.options.iaAddress?.[0];
  assert.deepEqual([extended?.validSeconds, bed.replies.images], [3600, 1]);
  assert.ok(bed.hear(2, "request", { iaNa: [iaNa(IA)] }) !== undefined);
});

test("where what was promised waits for room, nothing is said of leases at all: nobody knows which of them are durable", () => {
  const bed = new Bed();
  const held = addressIn(bed.ask(1, "request", { iaNa: [iaNa(IA)] }));
  bed.server.diskIs("stuck");
  for (const kind of ["renew", "rebind", "request"] as const)
    assert.equal(bed.hear(1, kind, { iaNa: [iaNa({ ...IA, iaAddress: [iaAddress(held)] })] }), undefined, kind);
  assert.deepEqual(bed.refused(), { "disk-full": 3 });
});
