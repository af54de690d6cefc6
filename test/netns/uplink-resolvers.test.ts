/** Resolvers of uplinks on their way to the host: which program is asked, with which words, and what stands in files. */
import assert from "node:assert/strict";
import { chmodSync, existsSync, lstatSync, mkdirSync, readFileSync, readlinkSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import type { Ipv4Address } from "../../src/base/ipv4.ts";
import type { Ipv6Address } from "../../src/base/ipv6.ts";
import type { Log } from "../../src/ports/log.ts";
import { PublishedUplinks } from "../../src/roles/main/published.ts";
import { Resolvers } from "../../src/roles/main/resolvers.ts";
import { type Resolving, withZone } from "../../src/roles/main/resolvers-wanted.ts";
import type { ResolverWay } from "../../src/services/host-config.ts";
import { waitFor } from "../support/programs.ts";
import { readIn, withScratch, writeIn } from "../support/scratch.ts";

type Scene = {
  readonly folder: string;
  readonly resolvers: Resolvers;
  /** Puts a program there; what it was called with is kept. @param body a shell's commands */
  readonly program: (name: string, body?: string) => void;
  /** Calls so far, `name word,word <stdin>`. */
  readonly calls: () => readonly string[];
  readonly settled: () => Promise<void>;
  readonly logged: readonly string[];
};
const addresses = (...texts: readonly string[]): readonly Ipv4Address[] => texts as readonly Ipv4Address[];
const ONE: Resolving = { nameServers: addresses("192.0.2.53", "192.0.2.54"), searchDomains: ["home.example", "example.net"] };
const OTHER: Resolving = { nameServers: addresses("198.51.100.53", "192.0.2.53"), searchDomains: [] };
const NOTHING: Resolving = { nameServers: [], searchDomains: [] };
const MARKER = /^# Written by leasehold/;

function story(name: string, way: ResolverWay, tell: (scene: Scene) => Promise<void>): void {
  test(name, () =>
    withScratch(async (folder) => {
      for (const part of ["run", "etc", "bin"]) mkdirSync(join(folder, part));
      const logged: string[] = [];
      const log: Log = { write: (_level, event, fields) => logged.push(`${event} ${JSON.stringify(fields)}`) };
      const places = { runtime: join(folder, "run"), etc: join(folder, "etc"), resolved: join(folder, "resolved"), programs: [join(folder, "bin")] };
      const resolvers = new Resolvers(places, log);
      resolvers.configure(way);
      const calls = (): readonly string[] => readIn(folder, "calls").split("\0").slice(0, -1);
      await tell({
        folder,
        resolvers,
        program: (program, body = "") => {
          const keep = `{ printf '%s' "${program}"; for word; do printf ' <%s>' "$word"; done; printf ' '; cat; env | grep -c . >${folder}/environment; printf '\\0'; } >>${folder}/calls`;
          chmodSync(writeIn(folder, `bin/${program}`, `#!/bin/sh\n${keep}\n${body}\n`), 0o755);
        },
        calls,
        settled: async () => {
          for (let before = -1; before !== calls().length; ) {
            before = calls().length;
            await delay(250);
          }
        },
        logged,
      });
    }),
  );
}

story("systemd-resolved is told with resolvectl where both are there", "auto", async ({ folder, resolvers, program, calls, settled }) => {
  program("resolvectl");
  program("resolvconf");
  mkdirSync(join(folder, "resolved"));
  resolvers.publish("wan0", "ipv4", ONE);
  await settled();
  resolvers.publish("wan0", "ipv4", { ...ONE, searchDomains: [] });
  await settled();
  resolvers.withdraw("wan0", "ipv4");
  await settled();
  assert.deepEqual(calls(), [
    "resolvectl <dns> <wan0> <192.0.2.53> <192.0.2.54> ",
    "resolvectl <domain> <wan0> <home.example> <example.net> ",
    "resolvectl <dns> <wan0> <192.0.2.53> <192.0.2.54> ",
    "resolvectl <domain> <wan0> <> ",
    "resolvectl <revert> <wan0> ",
  ]);
  assert.ok(!existsSync(join(folder, "run/resolv.conf")));
});
story("resolvconf is told where systemd-resolved does not run, and a lease without resolvers takes them back", "auto", async (scene) => {
  const { resolvers, program, calls, settled } = scene;
  program("resolvectl");
  program("resolvconf");
  resolvers.publish("wan0", "ipv4", ONE);
  await settled();
  resolvers.publish("wan0", "ipv4", ONE);
  resolvers.publish("wan1", "ipv4", NOTHING);
  await settled();
  resolvers.publish("wan0", "ipv4", NOTHING);
  await settled();
  resolvers.withdraw("wan0", "ipv4");
  await settled();
  assert.deepEqual(calls(), [
    "resolvconf <-a> <wan0.dhcp> search home.example example.net\nnameserver 192.0.2.53\nnameserver 192.0.2.54\n",
    "resolvconf <-d> <wan0.dhcp> ",
  ]);
});
story("one program runs at a time, and of an uplink only the latest is told", "resolvconf", async ({ resolvers, program, calls, settled }) => {
  program("resolvconf", "sleep 0.3");
  resolvers.publish("wan0", "ipv4", ONE);
  await waitFor(() => calls().length === 1, 5000, "the first is under way");
  for (const last of [1, 2, 3, 4]) resolvers.publish("wan0", "ipv4", { ...OTHER, nameServers: addresses(`192.0.2.${last}`) });
  resolvers.publish("wan1", "ipv4", OTHER);
  await delay(50);
  assert.equal(calls().length, 1);
  await waitFor(() => calls().length === 3, 5000, "the others followed");
  await settled();
  assert.deepEqual(
    calls().map((call) => call.replaceAll("\n", " ")),
    [
      "resolvconf <-a> <wan0.dhcp> search home.example example.net nameserver 192.0.2.53 nameserver 192.0.2.54 ",
      "resolvconf <-a> <wan0.dhcp> nameserver 192.0.2.4 ",
      "resolvconf <-a> <wan1.dhcp> nameserver 198.51.100.53 nameserver 192.0.2.53 ",
    ],
  );
});
story("a program that fails or is not there is logged with what it said, and the next is told all the same", "resolvconf", async (scene) => {
  const { resolvers, program, settled, logged, calls } = scene;
  resolvers.publish("wan0", "ipv4", ONE);
  await settled();
  program("resolvconf", "echo first >&2; echo 'no \u001b[2J such thing' >&2; exit 3");
  resolvers.publish("wan0", "ipv4", OTHER);
  resolvers.publish("-a", "ipv4", OTHER);
  await settled();
  assert.equal(calls().length, 1, "a name that a program could take for an option reaches none");
  assert.match(logged[0] ?? "", /resolversFailed .*resolvconf is not there/);
  assert.match(logged[1] ?? "", /resolversFailed .*exit code 3: no .* such thing/);
  assert.match(logged[2] ?? "", /begins with a hyphen/);
  program("resolvconf");
  resolvers.publish("wan1", "ipv4", OTHER);
  await settled();
  assert.equal(calls().length, 2);
});
story(
  "a program gets words, never a shell, and an environment of three variables",
  "resolvconf",
  async ({ folder, resolvers, program, settled, calls }) => {
    program("resolvconf");
    process.env["LEASEHOLD_TEST_SECRET"] = "x";
    resolvers.publish("a;b$(id)", "ipv4", OTHER);
    await settled();
    assert.match(calls()[0] ?? "", /<a;b\$\(id\)\.dhcp>/);
    assert.ok(Number(readIn(folder, "environment")) <= 5, "ours, and the two a shell adds");
  },
);
story("without either, a file names the resolvers of all uplinks, and /etc leads there where it held nothing", "auto", async (scene) => {
  const { folder, resolvers, settled } = scene;
  resolvers.publish("wan0", "ipv4", ONE);
  resolvers.publish("wan1", "ipv4", OTHER);
  await settled();
  const lines = readIn(folder, "run/resolv.conf").split("\n");
  assert.match(lines[0] ?? "", MARKER);
  assert.deepEqual(lines.slice(1), [
    "search home.example example.net",
    "nameserver 192.0.2.53",
    "nameserver 192.0.2.54",
    "nameserver 198.51.100.53",
    "",
  ]);
  assert.equal(lstatSync(join(folder, "run/resolv.conf")).mode & 0o777, 0o644);
  assert.equal(readlinkSync(join(folder, "etc/resolv.conf")), join(folder, "run/resolv.conf"));
  resolvers.withdraw("wan0", "ipv4");
  await settled();
  assert.deepEqual(readIn(folder, "etc/resolv.conf").split("\n").slice(1), ["nameserver 198.51.100.53", "nameserver 192.0.2.53", ""]);
});
story("a resolv.conf that somebody else wrote stays as it is, and that is said once", "file", async ({ folder, resolvers, settled, logged }) => {
  writeFileSync(join(folder, "etc/resolv.conf"), "nameserver 203.0.113.1\n");
  resolvers.publish("wan0", "ipv4", ONE);
  await settled();
  resolvers.publish("wan0", "ipv4", OTHER);
  await settled();
  assert.equal(readIn(folder, "etc/resolv.conf"), "nameserver 203.0.113.1\n");
  assert.match(readIn(folder, "run/resolv.conf"), /nameserver 198.51.100.53/);
  assert.equal(logged.length, 1);
  assert.match(logged[0] ?? "", /somebody else's/);
});
story("a foreign link in the place of resolv.conf stays as it is", "file", async ({ folder, resolvers, settled }) => {
  writeFileSync(join(folder, "etc/other"), "nameserver 203.0.113.1\n");
  symlinkSync("other", join(folder, "etc/resolv.conf"));
  resolvers.publish("wan0", "ipv4", ONE);
  await settled();
  assert.equal(readIn(folder, "etc/other"), "nameserver 203.0.113.1\n");
  assert.equal(readlinkSync(join(folder, "etc/resolv.conf")), "other");
});
story("a resolv.conf that bears our mark is kept up to date", "file", async ({ folder, resolvers, settled }) => {
  resolvers.publish("wan0", "ipv4", OTHER);
  await settled();
  const [marker] = readIn(folder, "run/resolv.conf").split("\n");
  const { unlinkSync } = await import("node:fs");
  unlinkSync(join(folder, "etc/resolv.conf"));
  writeFileSync(join(folder, "etc/resolv.conf"), `${marker}\nnameserver 203.0.113.1\n`);
  resolvers.publish("wan0", "ipv4", ONE);
  await settled();
  assert.equal(readFileSync(join(folder, "etc/resolv.conf"), "utf8"), readIn(folder, "run/resolv.conf"));
});
story("another way takes over what is published: the old one is told to forget it", "file", async (scene) => {
  const { folder, resolvers, program, calls, settled } = scene;
  program("resolvconf");
  resolvers.publish("wan0", "ipv4", ONE);
  await settled();
  resolvers.configure("resolvconf");
  await settled();
  assert.doesNotMatch(readIn(folder, "run/resolv.conf"), /nameserver/);
  assert.match(calls()[0] ?? "", /<-a> <wan0.dhcp>/);
  resolvers.configure("none");
  await settled();
  assert.match(calls()[1] ?? "", /<-d> <wan0.dhcp>/);
  resolvers.withdraw("wan0", "ipv4");
  await settled();
  assert.equal(calls().length, 2);
});
story("what another run published is taken back by the way of now", "resolvconf", async ({ resolvers, program, calls, settled }) => {
  program("resolvconf");
  resolvers.forget("old0");
  await settled();
  assert.deepEqual(calls(), ["resolvconf <-d> <old0.dhcp> "]);
});
story("both services of an uplink speak with one voice, and one that falls silent leaves the other's word", "resolvconf", async (scene) => {
  const { resolvers, program, calls, settled } = scene;
  program("resolvconf");
  resolvers.publish("wan0", "ipv4", ONE);
  await settled();
  const six = { nameServers: ["2001:db8::53", withZone("fe80::1" as Ipv6Address, "wan0")], searchDomains: ["example.net", "six.example"] };
  resolvers.publish("wan0", "ipv6", six);
  resolvers.publish("wan0", "ipv6", six);
  await settled();
  resolvers.withdraw("wan0", "ipv4");
  await settled();
  resolvers.withdraw("wan0", "ipv6");
  await settled();
  const servers = (...addresses: readonly string[]): string => addresses.map((address) => `nameserver ${address}\n`).join("");
  assert.deepEqual(calls(), [
    `resolvconf <-a> <wan0.dhcp> search home.example example.net\n${servers("192.0.2.53", "192.0.2.54")}`,
    `resolvconf <-a> <wan0.dhcp> search home.example example.net six.example\n${servers("192.0.2.53", "192.0.2.54", "2001:db8::53", "fe80::1%wan0")}`,
    `resolvconf <-a> <wan0.dhcp> search example.net six.example\n${servers("2001:db8::53", "fe80::1%wan0")}`,
    "resolvconf <-d> <wan0.dhcp> ",
  ]);
});
test("what an uplink publishes is one file that anybody may read", () =>
  withScratch(async (folder) => {
    const published = new PublishedUplinks(folder);
    const record = new TextEncoder().encode('{"interface":"wan0"}\n');
    for (const name of ["wan0", "wan1"]) published.publish(name, "ipv4", record);
    published.publish("wan0", "ipv6", record);
    assert.equal(readIn(folder, "uplinks/wan0.6.json"), '{"interface":"wan0"}\n');
    assert.equal(readIn(folder, "uplinks/wan0.4.json"), '{"interface":"wan0"}\n');
    assert.equal(lstatSync(join(folder, "uplinks/wan0.4.json")).mode & 0o777, 0o644);
    published.withdraw("wan1", "ipv4");
    published.withdraw("wan1", "ipv4");
    assert.ok(!existsSync(join(folder, "uplinks/wan1.4.json")));
    published.publish("old0", "ipv4", record);
    assert.deepEqual([...new PublishedUplinks(folder).names("ipv4")].sort(), ["old0", "wan0"], "another run finds them, and none of another service");
    assert.deepEqual(new PublishedUplinks(folder).names("ipv6"), ["wan0"]);
  }));
