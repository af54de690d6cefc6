/** Which server is asked first, which failure another one may mend, and what DNS may choose. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Entropy, seedOf } from "../../../../src/base/entropy.ts";
import { instant } from "../../../../src/base/time.ts";
import { FAILURE_REASONS } from "../../../../src/machines/ldap-session/state.ts";
import { fromRecords, isServersFault, Servers } from "../../../../src/services/directory/fetch/servers.ts";

const server = (host: string, port = 389) => ({ host, address: undefined, port });
const names = (servers: readonly { readonly host: string }[]): readonly string[] => servers.map(({ host }) => host);

test("in the order that was said; who failed is the last for a minute, and then in its place again (directory L8)", () => {
  const servers = new Servers();
  const all = ["a", "b", "c"].map((host) => server(host));
  assert.deepEqual(names(servers.inOrder(all, instant(0))), ["a", "b", "c"]);
  servers.failed(server("a"), instant(0));
  assert.deepEqual(names(servers.inOrder(all, instant(59_999))), ["b", "c", "a"]);
  servers.failed(server("b"), instant(1000));
  assert.deepEqual(names(servers.inOrder(all, instant(2000))), ["c", "a", "b"], "of those the one that failed first");
  assert.deepEqual(names(servers.inOrder(all, instant(60_000))), ["a", "c", "b"]);
  servers.worked(server("b"));
  assert.deepEqual(names(servers.inOrder(all, instant(2000))), ["b", "c", "a"]);
  assert.deepEqual(names(servers.inOrder([...all, server("a")], instant(99_000))), ["a", "b", "c"], "each once");
});

test("a server that is not there, breaks off or is busy is a reason to ask another; a wrong password or a missing base is none", () => {
  const fault = (reason: (typeof FAILURE_REASONS)[number], code?: number): boolean => isServersFault({ reason, code, search: undefined, detail: "" });
  const ours = FAILURE_REASONS.filter((reason) => !fault(reason));
  assert.deepEqual(ours, ["update-timeout", "bind-refused", "search-refused", "referral", "bad-range"]);
  for (const code of [51, 52, 53]) assert.equal(fault("search-refused", code) && fault("bind-refused", code), true);
  for (const code of [3, 4, 11, 32, 49, 50]) assert.equal(fault("search-refused", code) || fault("bind-refused", code), false, `code ${code}`);
});

const record = fc.record({
  priority: fc.integer({ min: 0, max: 3 }),
  weight: fc.integer({ min: 0, max: 100 }),
  target: fc.constantFrom("a.example.org", "B.EXAMPLE.ORG.", "c.example.org", "example.org", "evil.test", "evilexample.org", "."),
  port: fc.integer({ min: 0, max: 65_535 }),
});

test("SRV: priorities rise, all that may be asked are, and nothing outside the domain is (RFC 2782)", () => {
  fc.assert(
    fc.property(fc.array(record, { maxLength: 12 }), fc.nat(), (records, seed) => {
      const found = fromRecords(records, "Example.org", new Entropy(seedOf(seed)));
      const sound = records.filter(({ target, port }) => port > 0 && /(^|\.)example\.org\.?$/i.test(target));
      assert.equal(found.length, sound.length);
      const priorities = found.map((each) =>
        sound.findIndex(({ target, port }) => port === each.port && target.toLowerCase().replace(/\.$/, "") === each.host),
      );
      assert.ok(!priorities.includes(-1));
      const lowest = Math.min(...sound.map(({ priority }) => priority));
      const [first] = found;
      if (first !== undefined) assert.ok(sound.some(({ priority, port }) => priority === lowest && port === first.port));
    }),
  );
});

test("among servers of one priority chance goes by weight, and a weight of 0 is seldom the first (RFC 2782)", () => {
  const records = [
    { priority: 1, weight: 0, target: "zero.x", port: 1 },
    { priority: 1, weight: 30, target: "small.x", port: 1 },
    { priority: 1, weight: 70, target: "large.x", port: 1 },
    { priority: 2, weight: 1000, target: "later.x", port: 1 },
  ];
  const firsts = new Map<string, number>();
  for (let seed = 0; seed < 2000; seed++) {
    const found = names(fromRecords(records, "x", new Entropy(seedOf(seed))));
    assert.equal(found.at(-1), "later.x");
    firsts.set(found[0] ?? "", (firsts.get(found[0] ?? "") ?? 0) + 1);
  }
  assert.ok(
    (firsts.get("large.x") ?? 0) > 1200 && (firsts.get("small.x") ?? 0) > 450 && (firsts.get("zero.x") ?? 0) < 100,
    JSON.stringify([...firsts]),
  );
});
