/** Profiles that no role uses yet are lived in all the same: a table that kills its own tenant would be found too late. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { createServer as createTlsServer } from "node:tls";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { channelPair, closeAll } from "../../src/platform/channel.ts";
import { launcherArguments } from "../../src/platform/launcher.ts";
import { check, native, nativeFolder, SOCK } from "../../src/platform/native.ts";
import { Running } from "../support/programs.ts";
import type { Journal } from "./profiles/journal.ts";
import type { Outward } from "./profiles/outward.ts";

const needsRoot: { readonly skip?: string } = process.getuid?.() === 0 ? {} : { skip: "needs root: own uids" };
/** In no account and no block that main takes. */
const ID = 288_998;
const ANSWER = "192.0.2.53";

/** Runs a stand-in behind the launcher and gives what it said. @param order gets the empty folder */
async function fenced(name: "outward" | "journal", order: (folder: string) => Outward | Journal, extraFds: readonly number[] = []): Promise<unknown> {
  const folder = mkdtempSync(join(tmpdir(), "leasehold-profile-"));
  const [ours, theirs] = channelPair();
  try {
    mkdirSync(join(folder, "dist"));
    mkdirSync(join(folder, "empty"));
    const bundle = join(folder, "dist/role.mjs");
    const define = { "import.meta.url": JSON.stringify(new URL("../../dist/role.mjs", import.meta.url).href) }; // where the addon is looked for
    const entry = fileURLToPath(new URL(`profiles/${name}.ts`, import.meta.url));
    await build({ entryPoints: [entry], outfile: bundle, bundle: true, platform: "node", format: "esm", target: "node20", define });
    const args = launcherArguments(
      { program: process.execPath, args: [bundle, JSON.stringify(order(join(folder, "empty")))], channelFd: theirs, extraFds, uid: ID, gid: ID },
      process.pid,
    );
    const child = new Running(
      spawn(join(nativeFolder(), "leasehold-launcher"), args, { env: {}, stdio: ["ignore", "pipe", "pipe", theirs, ...extraFds] }),
    );
    const end = await child.exited;
    assert.deepEqual(end, { code: 0, signal: null }, child.stderr);
    return JSON.parse(child.stdout);
  } finally {
    closeAll([ours, theirs]);
    rmSync(folder, { recursive: true, force: true });
  }
}

for (const profile of ["fetcher", "store"] as const) {
  test(`${profile}: names, TCP, TLS and work on the thread pool all go on behind the fence`, needsRoot, async () => {
    const tcp = createServer((socket) => socket.on("error", () => undefined).pipe(socket));
    const secret = Buffer.alloc(16, 7);
    const tls = createTlsServer({ ciphers: "PSK", maxVersion: "TLSv1.2", pskCallback: () => secret }, (socket) =>
      socket.on("error", () => undefined).end(),
    );
    const dns = createSocket("udp4", (query, { port, address }) => dns.send(answerTo(query), port, address));
    try {
      const [tcpPort, tlsPort] = [await listens(tcp), await listens(tls)];
      await new Promise<void>((resolve) => dns.bind(0, "127.0.0.1", resolve));
      const told = await fenced("outward", (emptyRoot) => ({ profile, id: ID, emptyRoot, dns: dns.address().port, tcp: tcpPort, tls: tlsPort }));
      assert.deepEqual(told, { lacking: [], addresses: [ANSWER], echo: "hello", protocol: "TLSv1.2" });
    } finally {
      for (const server of [tcp, tls, dns]) server.close();
    }
  });
}

test("engine+journal: it writes at a place, syncs, sends and receives batches and compiles behind the fence", needsRoot, async () => {
  const folder = mkdtempSync(join(tmpdir(), "leasehold-journal-"));
  const file = join(folder, "segment");
  const pair = new Int32Array(2);
  check(native().socketPair(SOCK.dgram, pair), "socketpair");
  const segment = openSync(file, "w+");
  try {
    const told = await fenced("journal", (emptyRoot) => ({ id: ID, emptyRoot }), [segment, ...pair]);
    assert.deepEqual(told, { lacking: [], sent: 4, received: 4, compiled: true });
    assert.equal(readFileSync(file, "latin1").slice(4096), "record");
  } finally {
    closeSync(segment);
    closeAll([...pair]);
    rmSync(folder, { recursive: true, force: true });
  }
});

function listens(server: Server): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : 0);
    });
  });
}

/** One A record for whatever was asked: header and question are sent back, name by pointer, class IN, TTL 60. */
function answerTo(query: Buffer): Buffer {
  const end = query.indexOf(0, 12) + 5;
  const header = Buffer.from([...query.subarray(0, 2), 0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0]);
  const record = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, ...ANSWER.split(".").map(Number)]);
  return Buffer.concat([header, query.subarray(12, end), record]);
}
