/** The control socket against people and strangers: who may read, who may write, and what is too much. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync } from "node:fs";
import { request } from "node:http";
import { connect, type Socket } from "node:net";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { roleOf } from "../support/processes.ts";
import { inWorld, NEEDS_ROOT, type UplinkWorld } from "../support/uplink-world.ts";

const root = join(dirname(fileURLToPath(import.meta.url)), "../..");
const TRUTH = { skip: NEEDS_ROOT };

async function withProgram(story: (world: UplinkWorld, socketPath: string) => Promise<void>, configuration?: string): Promise<void> {
  await inWorld(async (world) => {
    world.leasehold(configuration);
    await world.until("the control socket", () => (shows(world) ? true : undefined));
    await story(world, join(world.folder, "run/control.sock"));
  });
}

function shows(world: UplinkWorld): boolean {
  try {
    return JSON.parse(world.control("show", "--json")).main.roles.length >= 2;
  } catch {
    return false;
  }
}

/** Connections main counts, ours among them; undefined while it has no room even for this question. */
function openConnections(world: UplinkWorld): number | undefined {
  try {
    return JSON.parse(world.control("show", "--json")).main.control.open;
  } catch (error) {
    if (error instanceof Error && error.message.includes("leasehold is busy")) return undefined;
    throw error;
  }
}

/** The status of one request written as it stands, or "closed". */
function raw(socketPath: string, text: string): Promise<string> {
  return new Promise((resolve) => {
    let heard = "";
    const socket = connect(socketPath, () => socket.write(text));
    socket.on("data", (chunk) => {
      heard += chunk.toString();
      const status = /^HTTP\/1\.1 (\d+)/.exec(heard)?.[1];
      if (status !== undefined) socket.destroy();
    });
    socket.on("error", () => undefined);
    socket.on("close", () => resolve(/^HTTP\/1\.1 (\d+)/.exec(heard)?.[1] ?? "closed"));
  });
}

test("reads are for whoever may open the socket, writes for root: main goes by the uid it noted itself", TRUTH, () =>
  withProgram(async (world) => {
    chmodSync(world.folder, 0o755);
    const as = (...args: readonly string[]): ReturnType<typeof spawnSync> =>
      spawnSync(
        "setpriv",
        ["--reuid", "65534", "--regid", "0", "--clear-groups", join(root, "bin/leasehold"), ...args, "--runtime-dir", join(world.folder, "run")],
        { encoding: "utf8" },
      );
    assert.equal(as("show").status, 0);
    const reload = as("reload");
    assert.equal(reload.status, 1);
    assert.match(String(reload.stderr), /only root/);
    assert.equal(JSON.parse(world.control("show", "--json")).main.refused["command.uid"], 1);
    assert.match(world.control("reload"), /reloaded/);
    const outsider = spawnSync(
      "setpriv",
      ["--reuid", "65534", "--regid", "65534", "--clear-groups", join(root, "bin/leasehold"), "show", "--runtime-dir", join(world.folder, "run")],
      { encoding: "utf8" },
    );
    assert.equal(outsider.status, 3);
    assert.match(outsider.stderr, /may not ask/);
  }),
);

test("what is too large, malformed or unknown is answered so, and the next request is served", TRUTH, () =>
  withProgram(async (world, socketPath) => {
    assert.equal(await raw(socketPath, `GET /v1/show HTTP/1.1\r\nhost: x\r\nx: ${"a".repeat(70_000)}\r\n\r\n`), "431");
    assert.equal(await raw(socketPath, `POST /v1/reload HTTP/1.1\r\nhost: x\r\ncontent-length: 100000\r\n\r\n${"a".repeat(100_000)}`), "413");
    assert.equal(await raw(socketPath, "POST /v1/log/debug HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n1\r\n"), "413");
    assert.equal(await raw(socketPath, "POST /v1/log/debug HTTP/1.1\r\nhost: x\r\n\r\n"), "200");
    assert.equal(await raw(socketPath, "POST /v1/trace/uplink4/c0?seconds=0 HTTP/1.1\r\nhost: x\r\n\r\n"), "400");
    assert.equal(await raw(socketPath, "POST /v1/trace/uplink4/c0?seconds=601 HTTP/1.1\r\nhost: x\r\n\r\n"), "400");
    assert.equal(await raw(socketPath, "POST /v1/trace/uplink4/c0?seconds=5 HTTP/1.1\r\nhost: x\r\n\r\n"), "404");
    const post = (path: string): Promise<string> => raw(socketPath, `POST ${path} HTTP/1.1\r\nhost: x\r\n\r\n`);
    assert.equal(await post("/v1/uplink4/none0/renew"), "404");
    assert.equal(await post("/v1/uplink4/c0/explode"), "404");
    assert.equal(await post(`/v1/uplink4/${"a".repeat(16)}/renew`), "404");
    assert.equal(await post("/v1/uplink4/..%2fc0/attach"), "404");
    assert.equal(await post("/v1/uplink4/lo/attach"), "409");
    assert.equal(await raw(socketPath, "GET /v1/explain/none0 HTTP/1.1\r\nhost: x\r\n\r\n"), "404");
    assert.equal(await raw(socketPath, "nonsense\r\n\r\n"), "400");
    assert.equal(await raw(socketPath, "GET /etc/passwd HTTP/1.1\r\nhost: x\r\n\r\n"), "404");
    assert.equal(await raw(socketPath, "GET /v1/trace/none0 HTTP/1.1\r\nhost: x\r\n\r\n"), "404");
    assert.equal(await raw(socketPath, "POST /v1/log/shouting HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n"), "404");
    assert.ok(shows(world));
  }),
);

test("half a request, a client that leaves while it waits, and one that never reads, cost nobody else anything", TRUTH, () =>
  withProgram(async (world, socketPath) => {
    const open = (text: string): Promise<Socket> =>
      new Promise((resolve) => {
        const socket = connect(socketPath, () => socket.write(text, () => resolve(socket)));
        socket.on("error", () => undefined);
      });
    const halves = await Promise.all(
      ["GET /v1/sho", "GET /v1/show HTTP/1.1\r\nhost", "POST /v1/reload HTTP/1.1\r\nhost: x\r\ncontent-length: 60\r\n\r\n{"].map(open),
    );
    for (let i = 0; i < 30; i++) {
      const asked = i % 2 === 0 ? "POST /v1/log/debug" : "GET /v1/show";
      (await open(`${asked} HTTP/1.1\r\nhost: x\r\n\r\n`.repeat(3))).destroy();
    }
    const deaf = await open("GET /v1/watch HTTP/1.1\r\nhost: x\r\n\r\n");
    deaf.pause();
    await world.until("room again", () => ((openConnections(world) ?? Number.POSITIVE_INFINITY) <= halves.length + 2 ? true : undefined));
    for (const socket of [...halves, deaf]) socket.destroy();
    await world.until("all gone", () => (openConnections(world) === 1 ? true : undefined));
    const { roles } = JSON.parse(world.control("show", "--json")).main as { readonly roles: readonly { readonly restarts: number }[] };
    assert.deepEqual([...new Set(roles.map(({ restarts }) => restarts))], [0]);
  }),
);

for (const [service, configuration] of [
  ["uplink4", undefined],
  ["uplink6", '[uplink6.c0]\ndelegate = [ { to = ["lan0"] } ]\n'],
] as const)
  test(
    `B30: ${service}: an answer goes to the connection that asked, although another asks at the same moment and claims to be the same process`,
    TRUTH,
    () =>
      withProgram(async (world, socketPath) => {
        const asked = (path: string): Promise<string> =>
          raw(socketPath, `GET ${path} HTTP/1.1\r\nhost: x\r\nx-client-pid: 4711\r\nconnection: close\r\n\r\n`);
        for (let round = 0; round < 10; round++) {
          const answers = await Promise.all([asked("/v1/explain/none0"), asked("/v1/explain/c0"), asked("/v1/nothing"), asked("/v1/show")]);
          assert.deepEqual(answers, ["404", "200", "404", "200"]);
        }
        const texts = await Promise.all(
          ["/v1/explain/c0", "/v1/show", "/v1/trace/c0"].map(
            (path) =>
              new Promise<string>((resolve, reject) => {
                const sent = request({ socketPath, path, headers: { "x-client-pid": "4711" } }, (answer) => {
                  let text = "";
                  answer.on("data", (chunk) => {
                    text += chunk.toString();
                  });
                  answer.on("end", () => resolve(text));
                });
                sent.on("error", reject).end();
              }),
          ),
        );
        assert.equal(new Set(texts).size, 3, "three questions, three answers");
        assert.ok(shows(world));
      }, configuration),
  );

test("two commands pipelined on one connection are both answered", TRUTH, () =>
  withProgram(async (_world, socketPath) => {
    const one = "POST /v1/log/debug HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n";
    const heard = await new Promise<string>((resolve) => {
      let text = "";
      const socket = connect(socketPath, () => socket.write(one + one));
      socket.on("data", (chunk) => {
        text += chunk.toString();
        if (text.split('"ok":true').length === 3) socket.destroy();
      });
      socket.on("close", () => resolve(text));
    });
    assert.equal(heard.split("HTTP/1.1 200").length - 1, 2);
  }),
);

test("the role that answers goes soon after a lone question, and stays for who asks again and for whoever is still connected", TRUTH, () =>
  inWorld(async (world) => {
    const program = world.leasehold();
    const socketPath = join(world.folder, "run/control.sock");
    const role = (): number | undefined => roleOf(program.pid ?? 0, "control");
    await world.until("the control socket", () => (existsSync(socketPath) ? true : undefined));
    const held = connect(socketPath);
    await once(held, "connect");
    const first = await world.until("its role", role);
    assert.ok(shows(world));
    await new Promise((resolve) => setTimeout(resolve, 1000));
    assert.equal(role(), first, "somebody is connected");
    held.destroy();
    await world.until("it goes", () => (role() === undefined ? true : undefined), 5);
    assert.ok(shows(world));
    const second = role();
    assert.ok(second !== undefined && second !== first);
    await new Promise((resolve) => setTimeout(resolve, 1000));
    assert.equal(role(), second, "it was asked twice within a minute");
  }),
);

test("64 connections at once are served, the next is closed and counted, and room is made when they go", TRUTH, () =>
  withProgram(async (world, socketPath) => {
    await new Promise((resolve) => setTimeout(resolve, 300));
    const sockets: Socket[] = [];
    let closed = 0;
    for (let i = 0; i < 70; i++) {
      const socket = connect(socketPath);
      socket.on("error", () => undefined);
      socket.on("close", () => closed++);
      sockets.push(socket);
    }
    await world.until("the surplus closed", () => (closed >= 6 ? true : undefined));
    assert.equal(closed, 6);
    for (const socket of sockets) socket.destroy();
    await world.until("room again", () => (shows(world) ? true : undefined));
    assert.equal(JSON.parse(world.control("show", "--json")).main.control.refused["too-many-connections"], 6);
    const status = await new Promise((resolve) => request({ socketPath, path: "/v1/show" }, (response) => resolve(response.statusCode)).end());
    assert.equal(status, 200);
  }),
);
