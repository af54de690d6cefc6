/** The engine of `lan` under load and under strace: what it wrote, what it said, in which order. */
import { statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Call, callsIn } from "./durable-trace.ts";
import { startLeasehold } from "./leasehold.ts";
import { wire6 } from "./link6.ts";
import { waitFor, withNamespaces } from "./namespace.ts";
import { run, sound } from "./programs.ts";
import { withScratch } from "./scratch.ts";

/** A renewal writes when more than a quarter of a lifetime has passed. */
const AGE_MS = 4000;
const CONFIGURATION = `[system]
resolver = "none"
[lan.lan0]
address_pool = "2001:db8:1:0:77::/80"
preferred_seconds = 12
valid_seconds = 600
rapid_commit = true
`;
const GENERATOR = fileURLToPath(new URL("../../bench/tools/dhcp6load.c", import.meta.url));
const CALLS = "recvmmsg,recvmsg,sendmmsg,sendmsg,sendto,pwritev2,pwritev,pwrite64,fdatasync,fsync";
const STILL_MS = 500;
/** More than a group has on disk. */
const STRING_BYTES = 300_000;
const PATIENCE_MS = 30_000;

/** Each of `clients` takes a lease in four messages and renews it, as many in two, and a tenth gives it back. */
export async function tracedCalls(clients: number): Promise<readonly Call[]> {
  let calls: readonly Call[] = [];
  await withScratch((folder) =>
    withNamespaces(["gateway", "hosts"], async ({ gateway, hosts }) => {
      await wire6(gateway, "lan0", hosts, "eth0");
      await gateway.address("lan0", "2001:db8:1::1/64");
      const load = join(folder, "dhcp6load");
      sound(await run("cc", ["-O2", "-o", load, GENERATOR]));
      const ours = await startLeasehold(gateway, folder, CONFIGURATION);
      const { main } = await ours.show();
      const engine = main.roles.find(({ name }) => name === "engine-lan")?.pid ?? -1;
      const file = join(folder, "trace");
      const args = ["-f", "-p", String(engine), "-ttt", "-xx", "-y", "-v", "-s", String(STRING_BYTES), "-e", `trace=${CALLS}`, "-o", file];
      const strace = gateway.spawn("strace", args);
      await waitFor(
        (see) => {
          see(strace.stderr);
          return /attached/.test(strace.stderr);
        },
        PATIENCE_MS,
        "strace is attached",
      );
      const phases = [`sarr:${clients}`, `rapid:${clients}`, `sleep:${AGE_MS}`, `renew:${2 * clients}`, `release:${Math.ceil(clients / 10)}`];
      await hosts.exec(load, "-I", "eth0", "-w", "32", "-t", "4000", "-u", ...phases);
      await stillFor(STILL_MS, () => statSync(file).size); // the answer is here before strace has written that it left
      await strace.stop("SIGINT");
      calls = await callsIn(file);
    }),
  );
  return calls;
}

/** Until a number has not changed for so long. */
async function stillFor(ms: number, look: () => number): Promise<void> {
  let [last, since] = [look(), performance.now()];
  await waitFor(
    () => {
      const now = look();
      if (now !== last) [last, since] = [now, performance.now()];
      return performance.now() - since >= ms;
    },
    PATIENCE_MS,
    "it stands still",
  );
}
