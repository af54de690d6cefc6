/** Leases over HTTP: what is asked of the engine, in parts; what a change may say; and what is answered when nobody answers us. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { LIMITS } from "../../src/base/limits.ts";
import { type ControlSources, controlApp, type LeasesChanged } from "../../src/control/app.ts";
import { changesIn } from "../../src/control/lease-changes.ts";
import type { Lease, LeaseChanges, LeaseFilter, LeasePage } from "../../src/ports/leases.ts";

const LEASE = {
  ...{ kind: "address", address: "2001:db8::1", prefixLength: 128, link: "lan0", state: "bound", client: "00030001020000000001", iaid: 7 },
  ...{ startSeconds: 1, preferredUntilSeconds: 2, validUntilSeconds: 3, hostName: "" },
} as unknown as Lease;

type Setting = {
  readonly services?: readonly string[];
  readonly page?: (after: number) => LeasePage | undefined;
  readonly changed?: LeasesChanged | undefined;
};

function app({ services = ["lan"], page = () => undefined, changed }: Setting = {}) {
  const filters: LeaseFilter[] = [];
  const wanted: (readonly [number, LeaseChanges])[] = [];
  const sources = {
    mainView: () => Promise.resolve(JSON.stringify({ services })),
    leases: (filter: LeaseFilter, after: number) => {
      filters.push(filter);
      return Promise.resolve(page(after));
    },
    changeLeases: (connection: number, changes: LeaseChanges) => {
      wanted.push([connection, changes]);
      return Promise.resolve(changed);
    },
  } as unknown as ControlSources;
  const http = controlApp(sources);
  const ask = async (method: string, path: string, body?: string): Promise<readonly [number, Readonly<Record<string, unknown>>]> => {
    const request = new Request(`http://leasehold${path}`, { method, ...(body === undefined ? {} : { body }) });
    const response = await http.fetch(request, { connection: 9 });
    return [response.status, (await response.json()) as Readonly<Record<string, unknown>>];
  };
  return { filters, wanted, ask };
}
const leases = (count: number): readonly Lease[] => Array.from({ length: count }, () => LEASE);

test("a page has at most as many leases as a page may, put together from parts of the engine's", async () => {
  const parts: number[] = [];
  const page = (after: number): LeasePage => {
    parts.push(after);
    return { nowSeconds: 5, leases: leases(LIMITS.leasesPerFrame), next: after + 1 };
  };
  const [status, body] = await app({ page }).ask("GET", "/v1/leases?after=40");
  assert.deepEqual([status, parts, body["next"], (body["leases"] as unknown[]).length], [200, [40, 41, 42, 43], 44, LIMITS.pageRows]);
});

test("where little is found a page ends all the same, and the last one says so", async () => {
  let asked = 0;
  const page = (after: number): LeasePage => ({ nowSeconds: 5, leases: ++asked % 7 === 0 ? [LEASE] : [], next: after >= 90 ? undefined : after + 1 });
  const { ask } = app({ page });
  const first = await ask("GET", "/v1/leases");
  assert.deepEqual([asked, first[1]["next"]], [32, 32]);
  assert.equal((await ask("GET", "/v1/leases?after=64"))[1]["next"], null);
});

test("what is asked for reaches the engine; what is no address, DUID, state or number does not", async () => {
  const { ask, filters } = app({ page: () => ({ nowSeconds: 5, leases: [], next: undefined }) });
  await ask("GET", "/v1/leases?link=lan0&client=00:03:00:01&holds=2001:DB8::1&state=declined&lease=2001:db8:100:1::/56");
  assert.deepEqual(filters.pop(), {
    ...{ link: "lan0", client: "00030001", holds: "2001:db8::1", state: "declined" },
    exactly: { address: "2001:db8:100::", prefixLength: 56 },
  });
  for (const query of [
    "client=00",
    "client=zz",
    "holds=192.0.2.1",
    "holds=",
    "state=lost",
    "lease=2001:db8::/129",
    "after=-1",
    "after=1.5",
    "after=x",
    `link=${"l".repeat(16)}`,
  ])
    assert.equal((await ask("GET", `/v1/leases?${query}`))[0], 400, query);
  assert.equal(filters.length, 0);
});

test("an engine that is silent is busy; one that is not configured is not there", async () => {
  assert.equal((await app().ask("GET", "/v1/leases"))[0], 503);
  const [status, body] = await app({ services: ["uplink4"] }).ask("GET", "/v1/leases");
  assert.deepEqual([status, body["hint"]], [404, "the configuration has no [lan.INTERFACE], so nothing is leased"]);
});

test("a change goes to main with the number of its connection; what it says is what became of it", async () => {
  const body = JSON.stringify({ put: [LEASE], remove: ["2001:db8::2", "2001:db8:100::/56"] });
  const done = app({ changed: { result: "done", outcomes: ["done", "absent", "done"] } });
  const [status, told] = await done.ask("POST", "/v1/leases", body);
  assert.deepEqual([status, told["outcomes"]], [200, ["done", "absent", "done"]]);
  const [[connection, changes] = []] = done.wanted;
  assert.equal(connection, 9);
  assert.deepEqual(changes?.put, [LEASE]);
  assert.deepEqual(changes?.remove, [
    { address: "2001:db8::2", prefixLength: 128 },
    { address: "2001:db8:100::", prefixLength: 56 },
  ]);
  assert.deepEqual((await app({ changed: { result: "denied", outcomes: [] } }).ask("POST", "/v1/leases", body))[0], 403);
  assert.equal((await app({ changed: { result: "failed", outcomes: [] } }).ask("POST", "/v1/leases", body))[0], 503, "ask again");
  assert.equal((await app().ask("POST", "/v1/leases", body))[0], 503);
  assert.equal((await app({ changed: { result: "absent", outcomes: [] } }).ask("POST", "/v1/leases", body))[0], 503, "it is starting");
  assert.equal((await app({ services: [], changed: { result: "absent", outcomes: [] } }).ask("POST", "/v1/leases", body))[0], 404);
});

test("a body that is no change reaches nobody, and says where it is wrong", async () => {
  const { ask, wanted } = app({ changed: { result: "done", outcomes: [] } });
  const many = JSON.stringify({ remove: Array.from({ length: LIMITS.leaseChanges + 1 }, () => "2001:db8::1") });
  for (const [body, hint] of [
    ["", /JSON object/],
    ["[]x", /JSON object/],
    ['{"put":7}', /JSON object/],
    [many, /at most 128/],
    [JSON.stringify({ put: [LEASE, { ...LEASE, link: 7 }] }), /put\[1\]: link/],
    [JSON.stringify({ put: [{ ...LEASE, validUntilSeconds: 2 ** 32 }] }), /put\[0\]: validUntilSeconds/],
    [JSON.stringify({ put: [{ ...LEASE, link: "ä".repeat(8) }] }), /put\[0\]: link/],
    [JSON.stringify({ remove: ["2001:db8::1", "lan0"] }), /remove\[1\]/],
  ] as const) {
    const [status, told] = await ask("POST", "/v1/leases", body);
    assert.equal(status, 400, body);
    assert.match(String(told["hint"]), hint);
  }
  assert.deepEqual(wanted, []);
});

test("whatever JSON comes, it is changes or a hint", () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.json(),
        fc.string(),
        fc.json().map((value) => `{"put":[${value}],"remove":[${value}]}`),
      ),
      (text) => {
        const changes = changesIn(text);
        assert.ok("hint" in changes || (Array.isArray(changes.put) && Array.isArray(changes.remove)));
      },
    ),
  );
});
