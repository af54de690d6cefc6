/** All four services in one program: how many processes they are and what they take, and that each role may die and come back. */
import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import type { HouseFacts } from "../../scripts/house/facts.ts";
import { userRows } from "../../scripts/house/rows/users.ts";
import { startDhclient6 } from "../support/clients6.ts";
import { type Leasehold, startLeasehold } from "../support/leasehold.ts";
import { globals6, startSlaac, wire6 } from "../support/link6.ts";
import { aloneKb } from "../support/memory.ts";
import { type Namespace, needsRoot, waitFor, withNamespaces } from "../support/namespace.ts";
import { withScratch } from "../support/scratch.ts";
import { within } from "../support/slapd.ts";

const LDAP = join(dirname(fileURLToPath(import.meta.url)), "../../scripts/house/ldap-server.ts");
const PATIENCE_MS = 15_000;
const CONFIGURATION = `[system]
resolver = "none"

[uplink4.wan0]

[uplink6.wan0]
delegate = [ { to = ["lan1"] } ]

[lan.lan0]
preferred_seconds = 8
valid_seconds = 20
ra_min_seconds = 3
ra_max_seconds = 4

[directory]
domain = "house"
userdb = false

[directory.source.house]
server = "127.0.0.1"
transport = "plain"
base = "dc=house,dc=example"
`;
const PEOPLE = { people: [{ name: "ada", uid: 20_001 }], team: { name: "guests", gid: 20_200, members: ["emmy", "rene"] }, domain: "house" };
type World = { readonly gateway: Namespace; readonly host: Namespace; readonly ours: Leasehold; readonly folder: string };

async function inWorld(story: (world: World) => Promise<void>): Promise<void> {
  await withScratch((folder) =>
    withNamespaces(["gateway", "host", "provider"], async ({ gateway, host, provider }) => {
      await wire6(gateway, "wan0", provider, "p0");
      await wire6(gateway, "lan0", host, "eth0");
      await wire6(gateway, "lan1", host, "eth1");
      await gateway.address("lan0", "2001:db8:1::1/64");
      const directory = gateway.spawn(process.execPath, ["--import", "tsx", LDAP]);
      await waitFor(() => directory.stdout.includes('"listening"'), PATIENCE_MS, "the directory listens");
      const ours = await startLeasehold(gateway, folder, CONFIGURATION);
      await served(gateway, ours);
      await story({ gateway, host, ours, folder });
    }),
  );
}

/** Users over YP, asked in the namespace. */
async function served(gateway: Namespace, ours: Leasehold): Promise<void> {
  const rows = userRows({ ...PEOPLE, userdbSocket: "" } as unknown as HouseFacts).slice(0, 2);
  await waitFor(
    async (see) => {
      const looked = await within(gateway, () => Promise.all(rows.map((row) => row())));
      see(`${JSON.stringify(looked)}\n${ours.log().slice(-1500)}`);
      return looked.every(({ confirmed }) => confirmed);
    },
    PATIENCE_MS,
    "users over YP",
  );
}

test("four services are seven processes; what they take together is told", needsRoot, () =>
  inWorld(async ({ ours }) => {
    const pids = ours.pids();
    assert.equal(pids.length, 7, pids.map((pid) => readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ")).join("\n"));
    const total = aloneKb(pids) / 1024;
    console.log(`memory of seven processes: ${total.toFixed(1)} MiB PSS`);
    assert.ok(total > 70 && total < 200, `${total} MiB`);
  }),
);

test("every role of every service may be killed: it comes back, leases and users are what they were, hosts notice nothing", needsRoot, () =>
  inWorld(async ({ gateway, host, ours, folder }) => {
    mkdirSync(join(folder, "client"));
    await startSlaac(host, "eth0");
    const dhclient = startDhclient6(host, join(folder, "client"), { interface: "eth0" });
    const given = (): readonly string[] => dhclient.calls().flatMap(({ new_ip6_address }) => new_ip6_address ?? []);
    await waitFor(() => given()[0], PATIENCE_MS, "a lease");
    for (const role of ["engine-lan", "engine-directory", "fetcher", "engine-uplink6", "engine-uplink4", "frontend"]) {
      const before = (await ours.show()).main.roles;
      const pid = before.find(({ name }) => name === role)?.pid ?? -1;
      assert.ok(pid > 1, role);
      process.kill(pid, "SIGKILL");
      await waitFor(
        async () => {
          const now = (await ours.show()).main.roles.find(({ name, ready }) => name === role && ready)?.pid;
          return now !== undefined && now !== pid;
        },
        PATIENCE_MS,
        `${role} is back`,
      );
    }
    await served(gateway, ours);
    const renewals = (): number => dhclient.calls().filter(({ reason }) => reason === "RENEW6").length;
    const already = renewals();
    await waitFor(() => renewals() > already, PATIENCE_MS, "a renewal by the new engine");
    assert.equal(new Set(given()).size, 1, "no other address ever");
    assert.match(ours.log(), /"event":"leasesRecovered","leases":"[1-9]/);
    const valid = async (): Promise<number> => (await globals6(host, "eth0")).find(({ dynamic }) => dynamic === true)?.valid_life_time ?? 0;
    let least = await valid();
    await waitFor(
      async () => {
        const left = await valid();
        const grew = left > least;
        least = Math.min(least, left);
        return grew;
      },
      PATIENCE_MS,
      "an advertisement through the new frontend",
    );
  }),
);
