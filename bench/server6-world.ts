/** Two namespaces with a wire between them, the tools, and a server that is waited for until it answers. */
import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { linkLocal } from "../test/support/link6.ts";
import { type Namespace, waitFor, withNamespaces } from "../test/support/namespace.ts";
import type { Server } from "./server6-servers.ts";

export type World = { readonly server: Namespace; readonly client: Namespace; readonly folder: string; readonly load: string; readonly echo: string };
const tools = join(dirname(fileURLToPath(import.meta.url)), "tools");
const STARTED_MS = 30_000;

export async function withWorld<T>(folder: string, use: (world: World) => Promise<T>): Promise<T> {
  const [load, echo] = [join(folder, "dhcp6load"), join(folder, "udp6echo")];
  execFileSync("cc", ["-O2", "-o", load, join(tools, "dhcp6load.c")]);
  execFileSync("cc", ["-O2", "-o", echo, join(tools, "udp6echo.c")]);
  let result: T | undefined;
  await withNamespaces(["server", "client"], async ({ server, client }) => {
    for (const ns of [server, client]) for (const name of ["accept_dad", "accept_ra"]) await ns.sysctl(`net.ipv6.conf.default.${name}`, 0);
    await server.veth("s0", client, "c0");
    await server.address("s0", "2001:db8:1::1/64");
    await client.address("c0", "2001:db8:1::2/64");
    await Promise.all([linkLocal(server, "s0"), linkLocal(client, "c0")]);
    result = await use({ server, client, folder, load, echo });
  });
  if (result === undefined) throw new Error("the world ended without a result");
  return result;
}

/** Runs `use` while a server with empty state answers. @param state a folder that is kept; none: a fresh one, which goes */
export async function serving<T>(
  { server, client, folder, load }: World,
  start: Server["start"],
  use: (pid: number) => Promise<T>,
  state?: string,
): Promise<T> {
  const own = state ?? join(folder, "state");
  mkdirSync(own, { mode: 0o755, recursive: true });
  const program = start(server, own);
  try {
    await waitFor(
      async (see) => {
        see(program.stdout + program.stderr);
        return !program.running || (await client.attempt(load, "-I", "c0", "-t", "100", "-m", "5", "info:1")).code === 0;
      },
      STARTED_MS,
      "the server answers",
    );
    if (!program.running) throw new Error(`the server ended:\n${program.stdout}${program.stderr}`);
    return await use(program.pid);
  } finally {
    await program.stop();
    if (state === undefined) rmSync(own, { recursive: true, force: true });
  }
}
