/** Files of host names: where they lie is the configuration's choice, and nothing that an engine says is more than a name in them. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { DomainName } from "../../src/base/domain.ts";
import type { Ipv6Address } from "../../src/base/ipv6.ts";
import { LIMITS } from "../../src/base/limits.ts";
import { HostsFiles } from "../../src/roles/main/hosts-files.ts";
import { waitFor } from "../support/programs.ts";
import { withScratch } from "../support/scratch.ts";

const DOMAIN = "home.example" as DomainName;
const named = (address: string, hostName: string) => ({ address: address as Ipv6Address, hostName });
const PRINTER = named("2001:db8::1", "printer");

function scene(folder: string): { readonly files: HostsFiles; readonly failed: string[]; readonly path: (name: string) => string } {
  const failed: string[] = [];
  const files = new HostsFiles((error) => failed.push(error));
  const hosts = join(folder, "hosts");
  files.configure(hosts, new Set(["lan0", "lan1"]));
  return { files, failed, path: (name) => join(hosts, `leasehold.hosts.${name}`) };
}

test("a line for each address, with the domain and without; readable by anybody, and nothing else in the folder", () =>
  withScratch(async (folder) => {
    const { files, path } = scene(folder);
    assert.equal(files.take({ name: "lan0", domain: DOMAIN, names: [PRINTER, named("2001:db8::2", "tv-2")] }, true), undefined);
    assert.equal(readFileSync(path("lan0"), "utf8"), "2001:db8::1\tprinter.home.example\tprinter\n2001:db8::2\ttv-2.home.example\ttv-2\n");
    assert.equal(statSync(path("lan0")).mode & 0o777, 0o644);
    files.take({ name: "lan1", domain: undefined, names: [PRINTER] }, true);
    await waitFor(() => existsSync(path("lan1")), 5000, "the other link's, a moment later");
    assert.equal(readFileSync(path("lan1"), "utf8"), "2001:db8::1\tprinter\n");
    assert.deepEqual(readdirSync(join(folder, "hosts")).sort(), ["leasehold.hosts.lan0", "leasehold.hosts.lan1"]);
  }));

test("I12: no octet of a name ends a line or a field: such names are refused, and the file stays as it is", () =>
  withScratch(async (folder) => {
    const { files, path } = scene(folder);
    files.take({ name: "lan0", domain: DOMAIN, names: [PRINTER] }, true);
    for (const name of ["a\n127.0.0.1\tbank", "a b", "a\tb", "a.b", "", "-a", "a-", "a_b", "ä", "a\u0000", "a".repeat(64)])
      assert.equal(files.take({ name: "lan0", domain: DOMAIN, names: [named("2001:db8::2", name)] }, true), "names", JSON.stringify(name));
    assert.match(readFileSync(path("lan0"), "utf8"), /^2001:db8::1\t/);
  }));

test("parts make one file when the last has come; a flood of them is refused, and writes nothing", () =>
  withScratch(async (folder) => {
    const { files, path } = scene(folder);
    files.take({ name: "lan0", domain: DOMAIN, names: [PRINTER] }, false);
    assert.equal(existsSync(path("lan0")), false);
    files.take({ name: "lan0", domain: DOMAIN, names: [named("2001:db8::2", "tv")] }, true);
    assert.equal(readFileSync(path("lan0"), "utf8").split("\n").length, 3);
    const part = Array.from({ length: LIMITS.leasesPerFrame }, () => PRINTER);
    const refusals = Array.from({ length: 300 }, () => files.take({ name: "lan1", domain: DOMAIN, names: part }, false));
    assert.ok(refusals.includes("count"));
    assert.equal(existsSync(path("lan1")), false);
  }));

test("a link that is served no longer loses its file, and so do all when no folder is configured any more", () =>
  withScratch(async (folder) => {
    const { files, path } = scene(folder);
    for (const name of ["lan0", "lan1"]) files.take({ name, domain: DOMAIN, names: [PRINTER] }, true);
    await waitFor(() => existsSync(path("lan1")), 5000, "both files");
    files.configure(join(folder, "hosts"), new Set(["lan0"]));
    assert.deepEqual([existsSync(path("lan0")), existsSync(path("lan1"))], [true, false]);
    files.configure(undefined, new Set(["lan0"]));
    assert.deepEqual([existsSync(path("lan0")), files.areWanted], [false, false]);
    files.take({ name: "lan0", domain: DOMAIN, names: [PRINTER] }, true);
    assert.equal(existsSync(path("lan0")), false);
  }));

test("what the file system refuses is said, and costs nothing else", () =>
  withScratch(async (folder) => {
    const failed: string[] = [];
    const files = new HostsFiles((error) => failed.push(error));
    files.configure("/proc/nowhere/hosts", new Set(["lan0"]));
    assert.equal(files.take({ name: "lan0", domain: DOMAIN, names: [PRINTER] }, true), undefined);
    assert.equal(failed.length, 1);
    assert.ok(folder !== "");
  }));
