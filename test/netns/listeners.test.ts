/** Listening sockets of outlets as main has them: who may connect, how many, and what is known of whoever does. */
import assert from "node:assert/strict";
import { existsSync, lstatSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { KernelError } from "../../src/base/errors.ts";
import { LIMITS } from "../../src/base/limits.ts";
import { mappedAddress } from "../../src/platform/inet6-sockets.ts";
import { native } from "../../src/platform/native.ts";
import { type Accepted, connectUnix, Listeners } from "../../src/roles/main/listeners.ts";
import { needsRoot, waitFor, withNamespaces } from "../support/namespace.ts";
import { withScratch, writeIn } from "../support/scratch.ts";

class World {
  readonly accepted: Accepted[] = [];
  readonly listeners = new Listeners((one) => this.accepted.push(one));
  readonly #clients: Socket[] = [];

  /** Connects, and waits until main has decided. */
  async client(where: { readonly path: string } | { readonly host: string; readonly port: number }): Promise<Socket> {
    const before = this.decided;
    const socket = connect(where).on("error", () => undefined);
    this.#clients.push(socket);
    await waitFor(() => this.decided > before, 5000, "main has decided");
    return socket;
  }

  get decided(): number {
    return this.accepted.length + this.listeners.refused.total();
  }

  end(): void {
    this.listeners.close();
    for (const { descriptor } of this.accepted) native().close(descriptor);
    for (const client of this.#clients) client.destroy();
  }
}

function story(name: string, tell: (world: World, folder: string) => Promise<void>): void {
  test(name, () =>
    withScratch(async (folder) => {
      const world = new World();
      try {
        await tell(world, folder);
      } finally {
        world.end();
      }
    }),
  );
}

story("a unix socket takes its name when it can be connected to, over what was there, for everyone", async (world, folder) => {
  const path = join(folder, "outlets/userdb.sock");
  writeIn(folder, "outlets/userdb.sock", "left over");
  writeIn(folder, "outlets/userdb.sock.new", "left over by a crash");
  world.listeners.unix("userdb", path);
  assert.deepEqual(readdirSync(join(folder, "outlets")), ["userdb.sock"]);
  assert.ok(lstatSync(path).isSocket());
  assert.equal(statSync(path).mode & 0o777, 0o666);
  await world.client({ path });
  assert.equal(world.accepted[0]?.purpose, "userdb");
  world.listeners.close();
  assert.ok(!existsSync(path), "and goes when it cannot be connected to any more");
});

story("who connects over a unix socket is known by the kernel's word", async (world, folder) => {
  const path = join(folder, "s");
  world.listeners.unix("userdb", path);
  await world.client({ path });
  const [{ uid, port, peer } = { uid: -1, port: -1, peer: "" }] = world.accepted;
  assert.deepEqual([uid, port, peer], [process.getuid?.(), 0, "::"]);
});

story("a socket that cannot take its name leaves nothing open, and says why", async (world, folder) => {
  writeIn(folder, "taken/in-the-way", "");
  const open = readdirSync("/proc/self/fd").length;
  assert.throws(() => world.listeners.unix("userdb", join(folder, "taken")), /EISDIR|EEXIST|ENOTEMPTY/);
  assert.throws(
    () => world.listeners.unix("userdb", join(folder, "x".repeat(120))),
    (error) => error instanceof KernelError && error.errno === 36,
  );
  writeFileSync(join(folder, "file"), "");
  assert.throws(() => world.listeners.unix("userdb", join(folder, "file/s")), /EEXIST|ENOTDIR/);
  assert.equal(readdirSync("/proc/self/fd").length, open);
});

story("each purpose has so many connections and no more; those that close make room", async (world, folder) => {
  const path = join(folder, "s");
  world.listeners.unix("userdb", path);
  for (let i = 0; i < LIMITS.outletConnections; i++) await world.client({ path });
  const late = await world.client({ path });
  late.resume();
  await waitFor(() => late.destroyed, 5000, "the late one is closed");
  assert.equal(world.accepted.length, LIMITS.outletConnections);
  assert.deepEqual(world.listeners.refused.toJSON(), { "userdb.too-many-connections": 1 });
  assert.ok(world.listeners.note("rpcbind") !== undefined, "another purpose has its own");
  assert.equal(world.listeners.closed(world.accepted[0]?.number ?? 0), true);
  await world.client({ path });
  assert.equal(world.accepted.length, LIMITS.outletConnections + 1);
  world.listeners.allClosed();
  await world.client({ path });
  assert.equal(world.accepted.length, LIMITS.outletConnections + 2);
});

story("numbers are never given twice, and one that is not open is not closed", async (world) => {
  const [one, other] = [world.listeners.note("rpcbind"), world.listeners.note("rpcbind")];
  assert.ok(one !== undefined && other !== undefined && one !== other);
  assert.equal(world.listeners.closed(one), true);
  assert.equal(world.listeners.closed(one), false, "twice");
  assert.equal(world.listeners.closed(4711), false);
  assert.notEqual(world.listeners.note("rpcbind"), one);
});

story("a connection of our own to a socket that is not there is an errno", async (_world, folder) => {
  assert.equal(connectUnix(join(folder, "none")), -2);
  writeFileSync(join(folder, "file"), "");
  assert.equal(connectUnix(join(folder, "file")), -111, "nobody listens");
});

test("who connects over TCP is known by address and port, IPv4 as mapped (RFC 4291 §2.5.5.2)", needsRoot, () =>
  withNamespaces(["here"], async ({ here }) => {
    await here.address("lo", "2001:db8::1/128");
    const world = new World();
    try {
      const port = 7000;
      const listen = (text: string): void => void here.inside(() => world.listeners.tcp("yp", address(text), port));
      listen("127.0.0.1");
      listen("2001:db8::1");
      assert.throws(
        () => listen("127.0.0.1"),
        (error) => error instanceof KernelError && error.errno === 98,
        "taken",
      );
      assert.throws(
        () => listen("2001:db8::2"),
        (error) => error instanceof KernelError && error.errno === 99,
        "not ours",
      );
      const script = (host: string): string => `exec 3<>/dev/tcp/${host}/${port}; sleep 5`;
      const clients = ["127.0.0.1", "2001:db8::1"].map((host) => here.spawn("bash", ["-c", script(host)]));
      await waitFor(() => world.accepted.length === 2, 5000, "both are there");
      const peers = world.accepted.map(({ peer }) => peer).sort();
      assert.deepEqual(peers, ["2001:db8::1", "::ffff:127.0.0.1"].map(address).sort());
      assert.ok(world.accepted.every((one) => one.port > 1023 && one.purpose === "yp"));
      for (const client of clients) client.kill();
    } finally {
      world.end();
    }
  }),
);

function address(text: string): NonNullable<ReturnType<typeof mappedAddress>> {
  const parsed = mappedAddress(text.replace(/^::ffff:(?=\d+\.)/, ""));
  assert.ok(parsed !== undefined);
  return parsed;
}
