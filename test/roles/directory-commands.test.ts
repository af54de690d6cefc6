/** What an operator asks the directory for: main knows which sources there are, and the engine is told. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type ControlSources, controlApp } from "../../src/control/app.ts";
import { directoryCommand, isOfDirectory } from "../../src/roles/main/directory-commands.ts";
import type { Tools } from "../../src/roles/main/office.ts";
import type { Configuration } from "../../src/roles/messages/catalogue.ts";
import { Counters } from "../../src/services/counters.ts";
import { CONFIG, FETCHER } from "../../src/sim/directory/settings.ts";

const CONFIGURATION = { directory: { engine: CONFIG, fetcher: FETCHER } } as unknown as Configuration;

function tools(runs = true) {
  const told: unknown[] = [];
  const refused = new Counters();
  const to = (): unknown => (runs ? { send: (kind: string, body: unknown) => told.push([kind, body]) > 0 } : undefined);
  return { told, refused, tools: { children: { to }, generation: () => 7, refused } as unknown as Tools };
}

test("refresh, accept and probe go to the engine, for a source that is there or for all", () => {
  const { told, tools: given } = tools();
  for (const verb of ["refresh", "accept", "probe"] as const) assert.equal(isOfDirectory(verb), true);
  assert.equal(isOfDirectory("renew"), false);
  assert.equal(directoryCommand(given, CONFIGURATION, "refresh", "").result, "done");
  assert.equal(directoryCommand(given, CONFIGURATION, "accept", "ldap").result, "done");
  assert.deepEqual(told, [
    ["directoryCommand", { verb: "refresh", source: "" }],
    ["directoryCommand", { verb: "accept", source: "ldap" }],
  ]);
});

test("a source that is not there, a machine without a directory and an engine that starts are told apart", () => {
  const { told, refused, tools: given } = tools();
  assert.equal(directoryCommand(given, CONFIGURATION, "probe", "other").result, "absent");
  assert.equal(refused.get("command.argument"), 1);
  const none = { directory: undefined } as unknown as Configuration;
  assert.equal(directoryCommand(given, none, "refresh", "").result, "absent");
  assert.deepEqual(told, []);
  assert.equal(directoryCommand(tools(false).tools, CONFIGURATION, "refresh", "").result, "failed");
});

function http(view: string | undefined, services: readonly string[] = ["directory"]) {
  const asked: unknown[] = [];
  const views: unknown[] = [];
  const sources = {
    mainView: () => Promise.resolve(JSON.stringify({ services })),
    engineView: (service: string, what: object) => {
      views.push({ service, ...what });
      return Promise.resolve(view);
    },
    command: (_: number, one: unknown) => {
      asked.push(one);
      return Promise.resolve({ result: "done", text: "done" });
    },
  } as unknown as ControlSources;
  const app = controlApp(sources);
  const ask = async (method: string, path: string): Promise<number> =>
    (await app.fetch(new Request(`http://x/v1/directory${path}`, { method }), { connection: 9 })).status;
  return { asked, views, ask };
}

test("what is asked over HTTP: views for whoever may open the socket, commands for main to decide", async () => {
  const { asked, views, ask } = http("{}");
  for (const path of ["", "/probe", "/diff?after=30", "/source/2"]) assert.equal(await ask("GET", path), 200, path);
  assert.deepEqual(views, [
    { service: "directory", view: "show", name: "", after: 0 },
    { service: "directory", view: "explain", name: "probe", after: 0 },
    { service: "directory", view: "explain", name: "diff", after: 30 },
    { service: "directory", view: "explain", name: "2", after: 0 },
  ]);
  for (const path of ["/refresh", "/accept", "/accept/main", "/probe/main"]) assert.equal(await ask("POST", path), 200, path);
  assert.deepEqual(asked, [
    { service: "any", verb: "refresh", argument: "" },
    { service: "any", verb: "accept", argument: "" },
    { service: "any", verb: "accept", argument: "main" },
    { service: "any", verb: "probe", argument: "main" },
  ]);
});

test("what is no view, no command and no place is refused before anybody is asked", async () => {
  const { asked, views, ask } = http("{}");
  for (const path of ["/diff?after=-1", "/diff?after=x", "/diff?after=99999999999"]) assert.equal(await ask("GET", path), 400, path);
  for (const path of ["/source/x", "/source/12345", "/nothing"]) assert.equal(await ask("GET", path), 404, path);
  for (const path of ["/delete", `/accept/${"x".repeat(65)}`, "/accept/a%2fb", "/refresh/a/b"]) assert.equal(await ask("POST", path), 404, path);
  assert.equal(await ask("GET", "/refresh"), 404);
  assert.deepEqual([asked, views], [[], []]);
});

test("without a directory, without an answer and without such a thing are three answers", async () => {
  assert.equal(await http(undefined, ["lan"]).ask("GET", ""), 404);
  assert.equal(await http(undefined).ask("GET", ""), 503);
  assert.equal(await http("null").ask("GET", "/source/9"), 404);
});
