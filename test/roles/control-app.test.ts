/** What may be asked over HTTP about uplinks: which service a request is for, and what is answered while one of them is silent. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type ControlSources, controlApp } from "../../src/control/app.ts";
import type { ReconfigureAnswer, ReconfigureRequest } from "../../src/ports/reconfigure.ts";

type Asked = Parameters<ControlSources["command"]>[1];
/** What each service explains of wan0; undefined: it does not answer. */
type Explained = { readonly [service: string]: object | null | undefined };

function app({
  explained = {},
  main = Object.keys(explained),
  answer,
}: {
  readonly explained?: Explained;
  readonly main?: readonly string[] | undefined;
  readonly answer?: ReconfigureAnswer | undefined;
} = {}) {
  const asked: Asked[] = [];
  const wanted: ReconfigureRequest[] = [];
  const views: string[] = [];
  const http = controlApp({
    mainView: () => Promise.resolve(JSON.stringify({ services: main })),
    engineView: (service, { view, name }) => {
      views.push(`${service} ${view} ${name}`);
      const told = explained[service];
      return Promise.resolve(told === undefined ? undefined : JSON.stringify(told));
    },
    command: (connection, one) => {
      assert.equal(connection, 9);
      asked.push(one);
      return Promise.resolve({ result: "done", text: "done" });
    },
    leases: () => Promise.resolve(undefined),
    changeLeases: () => Promise.resolve(undefined),
    reconfigure: (connection, request) => {
      assert.equal(connection, 9);
      wanted.push(request);
      return Promise.resolve(answer);
    },
    watch: () => undefined,
  });
  const ask = async (method: string, path: string): Promise<readonly [number, unknown]> => {
    const response = await http.fetch(new Request(`http://leasehold${path}`, { method }), { connection: 9 });
    return [response.status, await response.json()];
  };
  return { asked, wanted, views, ask };
}

for (const [path, service] of [
  ["uplink4", "uplink4"],
  ["uplink6", "uplink6"],
  ["uplinks", "any"],
] as const)
  for (const verb of ["renew", "release", "reboot"] as const)
    test(`POST /v1/${path}/wan0/${verb} is a command for ${service}`, async () => {
      const { asked, ask } = app();
      assert.equal((await ask("POST", `/v1/${path}/wan0/${verb}`))[0], 200);
      assert.deepEqual(asked, [{ service, verb, argument: "wan0" }]);
    });

test("interfaces are attached to uplink4 only; other verbs and names are no paths, and a GET changes nothing", async () => {
  const { asked, ask } = app();
  assert.equal((await ask("POST", "/v1/uplink4/wan0/attach"))[0], 200);
  assert.equal((await ask("POST", "/v1/uplink4/wan0/detach"))[0], 200);
  for (const path of ["uplink6/wan0/attach", "uplinks/wan0/attach", "uplink6/wan0/rebind", "uplink6/0123456789abcdef/renew", "lan/lan0/renew"])
    assert.equal((await ask("POST", `/v1/${path}`))[0], 404, path);
  assert.equal((await ask("GET", "/v1/uplink6/wan0/renew"))[0], 404);
  assert.equal((await ask("POST", "/v1/reload"))[0], 200);
  assert.equal((await ask("POST", "/v1/log/debug"))[0], 200);
  assert.deepEqual(
    asked.map(({ service, verb, argument }) => `${service} ${verb} ${argument}`),
    ["uplink4 attach wan0", "uplink4 detach wan0", "any reload ", "any log debug"],
  );
});

const FOUR = { interface: "wan0", state: "bound", transitions: [] };
const SIX = { interface: "wan0", state: "renewing", transitions: [] };
test("explain asks every service of uplinks that runs, and tells who else knows the interface", async () => {
  const both = app({ explained: { uplink4: FOUR, uplink6: SIX } });
  assert.deepEqual(await both.ask("GET", "/v1/explain/wan0"), [200, { service: "uplink4", ...FOUR, services: ["uplink4", "uplink6"] }]);
  assert.deepEqual(await both.ask("GET", "/v1/explain/uplink6/wan0"), [200, { service: "uplink6", ...SIX }]);
  assert.deepEqual(await both.ask("GET", "/v1/explain/uplink4/wan0"), [200, { service: "uplink4", ...FOUR }]);
  const six = app({ explained: { uplink4: null, uplink6: SIX } });
  assert.deepEqual(await six.ask("GET", "/v1/explain/wan0"), [200, { service: "uplink6", ...SIX, services: ["uplink6"] }]);
  const alone = app({ explained: { uplink6: SIX } });
  assert.deepEqual(await alone.ask("GET", "/v1/explain/wan0"), [200, { service: "uplink6", ...SIX, services: ["uplink6"] }]);
  assert.deepEqual(alone.views, ["uplink6 explain wan0"], "who does not run is not waited for");
});

test("explain: nobody knows the interface is another thing than somebody being silent", async () => {
  assert.equal((await app({ explained: { uplink4: null, uplink6: null } }).ask("GET", "/v1/explain/wan0"))[0], 404);
  assert.equal((await app({ explained: {} }).ask("GET", "/v1/explain/wan0"))[0], 404);
  assert.equal((await app({ explained: { uplink4: null, uplink6: undefined } }).ask("GET", "/v1/explain/wan0"))[0], 503);
  assert.equal((await app({ explained: { uplink6: undefined } }).ask("GET", "/v1/explain/uplink6/wan0"))[0], 503);
  assert.equal((await app({ explained: { uplink6: null } }).ask("GET", "/v1/explain/uplink6/wan0"))[0], 404);
});

test("POST /v1/reconfigure says whose clients shall come back, and to send what; what makes no sense is refused with its hint", async () => {
  const { wanted, ask } = app({ answer: { outcome: "told", clients: 3 } });
  assert.equal((await ask("POST", "/v1/reconfigure"))[0], 200);
  const [status, body] = await ask("POST", "/v1/reconfigure?interface=lan0&client=00:03:00:01:02:00:5e:10:00:01&purpose=rebind");
  assert.deepEqual(
    [status, (body as { readonly text: string }).text],
    [200, "3 clients are told to come back on lan0; leasehold show tells who did"],
  );
  assert.deepEqual(wanted, [
    { link: "", client: undefined, purpose: undefined },
    { link: "lan0", client: "0003000102005e100001", purpose: "rebind" },
  ]);
  for (const query of ["interface=a%20b", "interface=0123456789abcdef", "client=zz", "client=00", "purpose=release"]) {
    const [code, told] = await ask("POST", `/v1/reconfigure?${query}`);
    assert.deepEqual([code, (told as { readonly error: string }).error], [400, "bad-value"], query);
  }
  assert.equal((await ask("GET", "/v1/reconfigure"))[0], 404);
  assert.equal(wanted.length, 2);
});

for (const [outcome, status] of [
  ["more", 200],
  ["no-client", 404],
  ["no-link", 404],
  ["not-running", 404],
  ["off", 409],
  ["denied", 403],
  [undefined, 503],
] as const)
  test(`what became of a Reconfigure, ${outcome ?? "nobody says"}, is told with ${status}`, async () => {
    const { ask } = app({ answer: outcome === undefined ? undefined : { outcome, clients: 0 } });
    const [code, body] = await ask("POST", "/v1/reconfigure?interface=lan0");
    assert.equal(code, status);
    assert.ok(status === 503 || (body as { readonly text: string }).text.length > 20, JSON.stringify(body));
  });
