/** What an uplink means for its host, by the whole program: identity, names, marks, hooks, what is published; with dnsmasq, folders and a name of its own. */
import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdirSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { type Duid, parseDuid } from "../../src/base/duid.ts";
import { clientIdOfDuid } from "../../src/services/uplink4/identity.ts";
import type { Leasehold } from "../support/leasehold.ts";
import type { Running } from "../support/namespace.ts";
import { PrivateRoot } from "../support/private-root.ts";
import { waitFor } from "../support/programs.ts";
import { readIn, writeIn } from "../support/scratch.ts";
import { needsPeers } from "../support/unpacked.ts";
import { timesOf } from "../support/uplink4-wire.ts";
import { CLIENT_MAC, inWorld4, type World4 } from "../support/uplink4-world.ts";

type Scene = {
  readonly world: World4;
  readonly root: PrivateRoot;
  readonly server: Running;
  readonly start: (toml: string) => Promise<Leasehold>;
  /** Leases of the server, a line each: when, whose, what, name, client identifier. */
  readonly leases: () => string;
  /** How many frames of ours on the wire match. */
  readonly seen: (filter: string) => Promise<number>;
  readonly bound: () => Promise<string>;
};

function story(name: string, tell: (scene: Scene) => Promise<void>): void {
  test(name, { ...needsPeers, timeout: 60_000 }, () =>
    inWorld4({ peer: "dnsmasq", relay: undefined }, async (world) => {
      const root = new PrivateRoot(world.client, world.folder);
      const leases = join(world.folder, "leases");
      const server = world.server.spawn("dnsmasq", [
        ...["-k", "--conf-file=/dev/null", "--user=root", "--pid-file=", "--port=0", "--interface=s0", "--bind-interfaces", "--no-ping"],
        ...["--dhcp-authoritative", "--log-dhcp", "--log-facility=-", `--dhcp-leasefile=${leases}`],
        ...["--dhcp-range=10.64.0.50,10.64.0.59,255.255.255.0,120", `--dhcp-host=${CLIENT_MAC},given`, "--domain=lab.example"],
        ...["--dhcp-option=option:dns-server,10.64.0.53"],
      ]);
      await waitFor(() => /DHCP, IP range/.test(server.stderr), 5000, "dnsmasq serves");
      await world.watch();
      await tell({
        world,
        root,
        server,
        start: (toml) => world.leasehold(toml, root),
        leases: () => readIn(world.folder, "leases"),
        seen: async (filter) => (await timesOf(world.pcap, `eth.src == ${CLIENT_MAC} && (${filter})`)).length,
        bound: async () => (await world.until("an address", async () => (await world.addresses())[0])).local,
      });
    }),
  );
}

const QUIET = '[system]\nresolver = "none"\n';

describe("an uplink and its host", { concurrency: 4 }, () => {
  story("hooks run as a user without rights for what happens, in its order, with the record of it", async ({ world, root, start, bound }) => {
    const out = join(root.folder, "run/out");
    mkdirSync(out);
    chmodSync(out, 0o777);
    const script = "#!/bin/sh\nprintf '%s ' $LEASEHOLD_INTERFACE $LEASEHOLD_EVENT $(id -u) >>/run/out/seen; cat >>/run/out/seen\n";
    chmodSync(writeIn(root.folder, "run/hook", script), 0o755);
    const program = await start(`${QUIET}[uplink4.c0]\n[hooks]\nrun = "/run/hook"\n`);
    const address = await bound();
    const lines = (): readonly string[] => readIn(out, "seen").split("\n").filter(Boolean);
    await world.until("the hook of bound", () => lines().some((line) => line.startsWith("c0 bound ")));
    await program.control("renew", "c0");
    await world.until("the hook of renew", () => lines().some((line) => line.startsWith("c0 renew ")));
    const events = lines().map((line) => line.split(" ")[1]);
    const order = ["preinit", "bound", "renew"].map((event) => events.indexOf(event));
    assert.deepEqual(
      order,
      order.toSorted((a, b) => a - b),
      lines().join("\n"),
    );
    const line = lines().find((one) => one.startsWith("c0 bound ")) ?? "";
    const [, , uid] = line.split(" ");
    assert.ok(Number(uid) >= 289_100 && Number(uid) < 305_100, "an id of our own range");
    const record = JSON.parse(line.slice(line.indexOf("{"))) as { readonly interface: string; readonly event: string; readonly lease: object };
    assert.deepEqual([record.interface, record.event], ["c0", "bound"]);
    assert.ok(JSON.stringify(record.lease).includes(address));
  });

  story("what is published is a file that anybody may read; it goes with the uplink, and stays when the program stops", async (scene) => {
    const { world, root, start, bound } = scene;
    const program = await start('[system]\nresolver = "file"\n[uplink4.c0]\n');
    const address = await bound();
    const run = join(world.folder, "leasehold.run");
    const file = join(run, "uplinks/c0.4.json");
    await world.until("the file", () => existsSync(file));
    assert.equal(statSync(file).mode & 0o777, 0o644);
    const record = JSON.parse(readIn(run, "uplinks/c0.4.json")) as { readonly interface: string };
    assert.equal(record.interface, "c0");
    assert.ok(JSON.stringify(record).includes(address) && JSON.stringify(record).includes("10.64.0.53"));
    await world.until("resolv.conf", () => readIn(run, "resolv.conf").includes("nameserver 10.64.0.53"));
    await program.stop();
    assert.ok(existsSync(file) && readIn(run, "resolv.conf").includes("10.64.0.53"), "the address stays, and so do the resolvers");
    const again = await start('[system]\nresolver = "file"\n[uplink4.c0]\n');
    await world.until("it is told again", () => again.log().split('"to":"bound"').length > 2);
    await again.reload("[uplink4.none0]\n");
    await world.until("the file went", () => !existsSync(file));
    await world.until("the resolvers went", () => !readIn(run, "resolv.conf").includes("nameserver"));
    assert.ok(!readdirSync(join(root.folder, "run")).includes("uplinks"), "nothing was made elsewhere");
  });

  story('RFC 4361: with client_id = "duid" the server knows the host by the DUID it keeps', async ({ world, start, bound, leases }) => {
    await start(`${QUIET}[uplink4."c*"]\nclient_id = "duid"\n`);
    const address = await bound();
    const duid = parseDuid(readIn(world.folder, "leasehold.state/duid").trim()) ?? ("" as Duid);
    const id = clientIdOfDuid(duid, "c0").match(/../g)?.join(":") ?? "none";
    await world.until("the server's lease", () => leases().includes(id));
    assert.match(leases(), new RegExp(`${address} .*${id}`));
  });

  story("the system's name is told as it is now: another one from the next message on", async ({ world, root, start, bound, seen, leases }) => {
    const program = await start(`${QUIET}[uplink4.c0]\n`);
    await bound();
    assert.ok((await seen('dhcp.option.hostname == "nistest"')) > 0, "the name in the namespace of the program");
    const { pid } = (await program.show()).main;
    await root.run("nsenter", "--uts", "--target", String(pid), "hostname", "renamed.example");
    await world.until("the new name goes out", async () => {
      await program.control("renew", "c0");
      return (await seen('dhcp.option.hostname == "renamed"')) > 0;
    });
    assert.match(leases(), /10\.64\.0\.5\d/);
  });

  story("use_host_name: the host takes the name it is given, and only then", async ({ world, root, start, bound }) => {
    const program = await start(`${QUIET}[uplink4.c0]\n`);
    await bound();
    const { pid } = (await program.show()).main;
    const name = async (): Promise<string> => (await root.run("nsenter", "--uts", "--target", String(pid), "hostname")).stdout.trim();
    assert.equal(await name(), "nistest", "not wanted (control)");
    await program.reload(`${QUIET}[uplink4.c0]\nuse_host_name = true\n`);
    await program.control("renew", "c0");
    await world.until("the given name", async () => (await name()).split(".")[0] === "given");
  });

  story("an uplink that is deleted and made again asks for the address it had (RFC 2131 §3.2)", async ({ world, start, bound }) => {
    await start(`${QUIET}[uplink4."c?"]\n`);
    const first = await bound();
    const wire = await world.server.capture("s0", "udp"); // of the wire that is made anew, the bridge sees both
    await world.server.ip("link", "del", "p0");
    await world.server.veth("p0", world.client, "c0");
    await world.client.ip("link", "set", "c0", "down");
    await world.client.ip("link", "set", "c0", "address", CLIENT_MAC);
    await world.server.ip("link", "set", "p0", "master", "s0");
    await world.client.ip("link", "set", "c0", "up");
    assert.equal(await bound(), first);
    await wire.stop();
    const ours = (type: number): Promise<readonly number[]> => timesOf(wire.file, `dhcp.option.dhcp == ${type}`);
    assert.ok((await ours(3)).length > 0, "it asks for what it had");
    assert.deepEqual(await ours(1), [], "and not what anybody has to offer");
  });

  story("DSCP is on what is broadcast and on what goes to the server alone", async ({ world, start, bound, seen }) => {
    const program = await start(`${QUIET}[uplink4.c0]\ndscp = 46\nsocket_priority = 6\n`);
    await bound();
    await program.control("renew", "c0");
    await world.until("a renewal by unicast", async () => (await seen("dhcp && ip.dst == 10.64.0.1 && ip.dsfield.dscp == 46")) > 0);
    assert.equal(await seen("dhcp && ip.dsfield.dscp != 46"), 0);
    assert.ok((await seen("dhcp && ip.dst == 255.255.255.255 && ip.dsfield.dscp == 46")) > 1);
  });

  story("release_on_stop: the server is told before the program ends, and nothing stays in the kernel", async (scene) => {
    const { world, start, bound, leases, seen } = scene;
    const program = await start(`${QUIET}[uplink4.c0]\nrelease_on_stop = true\n`);
    await bound();
    await program.stop();
    assert.equal(await seen("dhcp.option.dhcp == 7"), 1);
    await world.until("the server forgot it", () => !leases().includes(CLIENT_MAC));
    assert.deepEqual(await world.addresses(), []);
  });
});
