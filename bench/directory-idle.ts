/** What a gateway with all four services takes while nothing happens; and what as many programs take in which there is nothing but Node. */
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { startLeasehold } from "../test/support/leasehold.ts";
import { wire6 } from "../test/support/link6.ts";
import { aloneKb } from "../test/support/memory.ts";
import { waitFor, withNamespaces } from "../test/support/namespace.ts";
import { makeFolder } from "./directory-world.ts";

const LDAP = join(dirname(fileURLToPath(import.meta.url)), "../scripts/house/ldap-server.ts");
const PATIENCE_MS = 20_000;
/** What starting left behind has been given back, and nobody has asked for a minute: the control role has ended. */
const IDLE_MS = 70_000;
const PROCESSES = 7;
const CONFIGURATION = `[system]
resolver = "none"

[uplink4.wan0]

[uplink6.wan0]
delegate = [ { to = ["lan1"] } ]

[lan.lan0]

[directory]
domain = "house"

[directory.source.house]
server = "127.0.0.1"
transport = "plain"
base = "dc=house,dc=example"
`;

/** By program. */
export async function idleMiB(folder: string): Promise<Readonly<Record<string, number>>> {
  const took: Record<string, number> = {};
  await withNamespaces(["gateway", "host", "provider"], async ({ gateway, host, provider }) => {
    await wire6(gateway, "wan0", provider, "p0");
    await wire6(gateway, "lan0", host, "eth0");
    await wire6(gateway, "lan1", host, "eth1");
    await gateway.address("lan0", "2001:db8:1::1/64");
    const directory = gateway.spawn(process.execPath, ["--import", "tsx", LDAP]);
    await waitFor(() => directory.stdout.includes('"listening"'), PATIENCE_MS, "the directory listens");
    const ours = await startLeasehold(gateway, makeFolder(folder, "idle"), CONFIGURATION, "idle", "info");
    await waitFor(() => ours.log().includes("directoryCommitted"), PATIENCE_MS, "users are served");
    const bare = Array.from({ length: PROCESSES }, () => gateway.spawn(process.execPath, ["-e", "setInterval(() => undefined, 1e9)"]));
    await delay(IDLE_MS);
    const pids = ours.pids();
    if (pids.length !== PROCESSES) throw new Error(`${pids.length} processes`);
    took["leasehold"] = mebibytes(pids);
    took["seven of node"] = mebibytes(bare.map(({ pid }) => pid));
  });
  return took;
}

function mebibytes(pids: readonly number[]): number {
  return Number((aloneKb(pids) / 1024).toFixed(1));
}
