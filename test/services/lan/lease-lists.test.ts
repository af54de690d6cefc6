/** The lease table as pages, and names of hosts out of it: nothing is left out, nothing comes twice, and no turn is long. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseDuid } from "../../../src/base/duid.ts";
import { type Ipv6Address, ipv6Bytes } from "../../../src/base/ipv6.ts";
import { LIMITS } from "../../../src/base/limits.ts";
import type { Lease, LeaseFilter } from "../../../src/ports/leases.ts";
import { LeaseLists } from "../../../src/services/lan/lease-lists.ts";
import { type LeaseTable, STATE } from "../../../src/services/leases/table.ts";
import { tableOf } from "../leases/support.ts";

const NOW = 1_800_000_000;
const EVERY: LeaseFilter = { link: "", client: undefined, holds: undefined, exactly: undefined, state: undefined };
const FACTS = { nowSeconds: NOW, nameOf: (link: number) => (link === 1 ? "lan0" : link === 2 ? "lan1" : "") };
const ip = (text: string): Ipv6Address => text as Ipv6Address;
const duidOf = (n: number): Uint8Array => Uint8Array.of(0, 3, 0, 1, 2, 0, 0, n >>> 16, n >>> 8, n);

function add(
  table: LeaseTable,
  n: number,
  { link = 1, type = 3, address = `2001:db8:1::${n.toString(16)}`, length = 128, state = 1, until = NOW + 60 } = {},
): void {
  const known = Object.values(STATE).find((one) => one === state) ?? STATE.bound;
  const row = table.insert(link, type, n, duidOf(n), 0, 10, ipv6Bytes(ip(address)), 0, length, known);
  assert.ok(typeof row === "number", String(row));
  table.setLifetimes(row, NOW, until, until);
}

function every(table: LeaseTable, filter: Partial<LeaseFilter> = {}): { readonly leases: readonly Lease[]; readonly pages: readonly number[] } {
  const lists = new LeaseLists(table);
  const leases: Lease[] = [];
  const pages: number[] = [];
  for (let next: number | undefined = 0; next !== undefined; ) {
    const page = lists.page({ ...EVERY, ...filter }, next, FACTS);
    leases.push(...page.leases);
    pages.push(page.leases.length);
    next = page.next;
  }
  return { leases, pages };
}

test("every lease is on one page, and no page has more than a message may", () => {
  const table = tableOf();
  for (let n = 1; n <= 3000; n++) add(table, n);
  for (let row = 0; row < 3000; row += 3) table.remove(row);
  const { leases, pages } = every(table);
  assert.equal(leases.length, 2000);
  assert.equal(new Set(leases.map(({ address }) => address)).size, 2000);
  assert.ok(Math.max(...pages) <= LIMITS.leasesPerFrame);
});

test("a page looks at some thousand rows, whether it finds anything there or not", () => {
  const table = tableOf();
  for (let n = 1; n <= 20_000; n++) add(table, n);
  const { leases, pages } = every(table, { client: parseDuid(Buffer.from(duidOf(19_999)).toString("hex")) });
  assert.deepEqual([leases.length, leases[0]?.iaid], [1, 19_999]);
  assert.ok(pages.length >= 4 && pages.length <= 6, `${pages}`);
});

test("a lease is asked for by its own name, and a prefix by any address in it", () => {
  const table = tableOf();
  add(table, 1);
  add(table, 2, { type: 25, address: "2001:db8:100::", length: 56 });
  add(table, 3, { link: 2, state: STATE.released });
  add(table, 4, { until: NOW - 1 });
  add(table, 5, { type: 4, address: "2001:db8:9::1" });
  add(table, 6, { link: 9 });
  const found = (filter: Partial<LeaseFilter>): readonly number[] => every(table, filter).leases.map(({ iaid }) => iaid);
  assert.deepEqual(found({}), [1, 2, 3, 4, 6], "what is of no kind of ours is of another service");
  assert.deepEqual(found({ exactly: { address: ip("2001:db8:100::"), prefixLength: 56 } }), [2]);
  assert.deepEqual(found({ exactly: { address: ip("2001:db8:100::"), prefixLength: 57 } }), []);
  assert.deepEqual(found({ exactly: { address: ip("2001:db8:9::1"), prefixLength: 128 } }), []);
  assert.deepEqual(found({ holds: ip("2001:db8:100:ff::1") }), [2]);
  assert.deepEqual(found({ holds: ip("2001:db8:1::1") }), [1]);
  assert.deepEqual(found({ link: "lan1" }), [3]);
  assert.deepEqual(found({ state: "expired" }), [4]);
  assert.deepEqual(found({ state: "released" }), [3]);
  assert.equal(
    every(table, { exactly: { address: ip("2001:db8:1::6"), prefixLength: 128 } }).leases[0]?.link,
    "",
    "its link is not configured any more",
  );
});

test("a page behind the end, as after a restart, is empty and the last", () => {
  assert.deepEqual(new LeaseLists(tableOf()).page(EVERY, 5000, FACTS), { nowSeconds: NOW, leases: [], next: undefined });
});
