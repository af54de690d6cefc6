/** `[system] manage`: what is set, what is put back, and what is left alone, over files that stand for the kernel's settings. */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { ManagedSettings } from "../../src/roles/main/managed-settings.ts";
import type { KernelNetwork } from "../../src/platform/netlink/kernel-network.ts";
import type { Configuration } from "../../src/roles/messages/catalogue.ts";
import { standardUplink } from "../../src/services/uplink4/config.ts";
import { uplink6 } from "../../src/services/uplink6/config.ts";

type Links = readonly string[];
const KERNEL: Readonly<Record<string, string>> = {
  "ipv4/ip_forward": "0",
  "ipv6/conf/all/forwarding": "0",
  "ipv6/conf/wan0/accept_ra": "1",
  "ipv6/conf/wan1/accept_ra": "0",
  "ipv6/conf/lan0/accept_ra": "1",
};

function configuration(manage: boolean, router = true): Configuration {
  const interfaces = [uplink6("wan0", router ? [{ iaid: 1, targets: [] }] : [])];
  return {
    host: { resolver: "none", manage, hostsFolder: undefined, hook: undefined },
    uplink4: { interfaces: [standardUplink("wan*")] },
    uplink6: interfaces,
    lan: undefined,
    directory: undefined,
  };
}

function linksNamed(...names: readonly string[]): Pick<ConstructorParameters<typeof ManagedSettings>[0], "network"> {
  const links = names.map((name) => ({ name }));
  return { network: { links: () => links as unknown as ReturnType<KernelNetwork["links"]> } };
}

async function inKernel(
  story: (kernel: {
    readonly manager: (...links: Links) => ManagedSettings;
    readonly all: () => Readonly<Record<string, string>>;
    readonly set: (name: string, value: string) => void;
  }) => void,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "leasehold-managed-"));
  const settings = join(folder, "net");
  const set = (name: string, value: string): void => {
    mkdirSync(dirname(join(settings, name)), { recursive: true });
    writeFileSync(join(settings, name), `${value}\n`);
  };
  for (const [name, value] of Object.entries(KERNEL)) set(name, value);
  try {
    story({
      manager: (...links) => new ManagedSettings({ folder, settings, log: { write: () => undefined }, ...linksNamed(...links) }),
      all: () => Object.fromEntries(Object.keys(KERNEL).map((name) => [name, readFileSync(join(settings, name), "utf8").trim()])),
      set,
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
const ROUTER = {
  ...KERNEL,
  "ipv4/ip_forward": "1",
  "ipv6/conf/all/forwarding": "1",
  "ipv6/conf/wan0/accept_ra": "2",
  "ipv6/conf/wan1/accept_ra": "2",
};

test("a router's uplinks take advertisements and the machine forwards; at the end all is as it was", () =>
  inKernel(({ manager, all }) => {
    const managed = manager("lo", "wan0", "wan1", "lan0");
    managed.configure(configuration(true));
    assert.deepEqual(all(), ROUTER);
    managed.putBack();
    assert.deepEqual(all(), KERNEL);
  }));

test("without `manage` nothing is touched; a host is made no router, but takes advertisements of uplinks with IPv6 whoever makes it one", () =>
  inKernel(({ manager, all }) => {
    const managed = manager("wan0", "wan1");
    managed.configure(configuration(false));
    assert.deepEqual(all(), KERNEL);
    managed.configure(configuration(true, false));
    assert.deepEqual(all(), { ...KERNEL, "ipv6/conf/wan0/accept_ra": "2" });
    managed.putBack();
    assert.deepEqual(all(), KERNEL);
  }));

test("a reload that takes `manage` away puts everything back", () =>
  inKernel(({ manager, all }) => {
    const managed = manager("wan0", "wan1");
    managed.configure(configuration(true));
    managed.configure(configuration(false));
    assert.deepEqual(all(), KERNEL);
  }));

test("a run after a kill knows what stood there before, and what somebody set meanwhile stays", () =>
  inKernel(({ manager, all, set }) => {
    manager("wan0", "wan1").configure(configuration(true));
    const next = manager("wan0", "wan1");
    next.configure(configuration(true));
    set("ipv6/conf/wan1/accept_ra", "0");
    next.putBack();
    assert.deepEqual(all(), KERNEL);
    next.configure(configuration(true));
    set("ipv4/ip_forward", "7");
    next.putBack();
    assert.deepEqual(all(), { ...KERNEL, "ipv4/ip_forward": "7" });
  }));

test("a link that comes later is set when it is there", () =>
  inKernel(({ manager, all }) => {
    const managed = manager("wan0");
    managed.configure(configuration(true));
    assert.equal(all()["ipv6/conf/wan1/accept_ra"], "0");
    const later = manager("wan0", "wan1");
    later.configure(configuration(true));
    assert.equal(all()["ipv6/conf/wan1/accept_ra"], "2");
    later.putBack();
    assert.deepEqual(all(), KERNEL);
  }));

test("a file of before that names other settings puts none of them back", () => {
  const folder = mkdtempSync(join(tmpdir(), "leasehold-managed-"));
  try {
    mkdirSync(join(folder, "net/core"), { recursive: true });
    writeFileSync(join(folder, "net/core/somaxconn"), "1\n");
    const forged = ["core/somaxconn", "ipv6/conf/../../core/somaxconn", "../etc/passwd"].map((setting) => ({ setting, before: "9", set: "1" }));
    writeFileSync(join(folder, "managed.json"), JSON.stringify(forged));
    new ManagedSettings({ folder, settings: join(folder, "net"), log: { write: () => undefined }, ...linksNamed() }).putBack();
    assert.equal(readFileSync(join(folder, "net/core/somaxconn"), "utf8"), "1\n");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
