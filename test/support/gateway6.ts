/** A gateway with an uplink to a provider of the test's own: links come and go, and `ip -j` says what the kernel holds. */
import { setTimeout as delay } from "node:timers/promises";
import type { Provider6Config } from "../../src/sim/actors/dhcp6-provider.ts";
import { type Leasehold, startLeasehold } from "./leasehold.ts";
import { globals6, type KernelAddress6, wire6 } from "./link6.ts";
import { type Namespace, needsRoot, type Running, waitFor, withNamespaces } from "./namespace.ts";
import { type HandMade6, provide6 } from "./provider6.ts";
import { withScratch } from "./scratch.ts";

/** The resolvers of the machine the tests run on stay as they are. */
export const SYSTEM = '[system]\nresolver = "none"\n';
const CONFIGURATION = `${SYSTEM}[uplink6.wan0]\ndelegate = [ { iaid = 1, to = ["lan0/64", "lan9/64"] } ]\n`;
export const POOL = "2001:db8:8000::/40";
export const OTHER_POOL = "2001:db8:9000::/40";
const PATIENCE_MS = 20_000;

export type Story6 = {
  readonly isp: Namespace;
  readonly gateway: Namespace;
  /** Another wire to the provider's bridge, which stays when the wire goes. */
  readonly uplink: (name: string) => Promise<void>;
  readonly lan: (name: string) => Promise<void>;
  readonly folder: string;
  readonly serve: (link: string, pool: string, given?: Partial<Provider6Config>) => HandMade6;
  readonly start: (toml?: string) => Promise<Leasehold>;
  readonly on: (link: string) => Promise<readonly KernelAddress6[]>;
  readonly refusing: () => Promise<readonly string[]>;
  readonly until: <T>(what: string, look: () => T | Promise<T>) => Promise<NonNullable<T>>;
  /** Everything the kernel told about addresses and routes while `act` ran. */
  readonly news: (act: () => Promise<void>) => Promise<string>;
};

/** What a story needs of the runner. */
export const STORY6 = { ...needsRoot, timeout: 240_000 };

export function story6(tell: (story: Story6) => Promise<void>): Promise<void> {
  return withScratch((folder) =>
    withNamespaces(["isp", "gateway"], async ({ isp, gateway }) => {
      const providers: HandMade6[] = [];
      let program: Leasehold | undefined;
      let bridged = 0;
      await isp.bridge("s0", []);
      const until: Story6["until"] = (what, look) =>
        waitFor(
          async (see) => {
            see(program?.log().slice(-3000) ?? "");
            return look();
          },
          PATIENCE_MS,
          what,
        );
      try {
        await tell({
          ...{ isp, gateway, until, folder },
          uplink: async (link) => {
            const port = `p${bridged++}`;
            await wire6(isp, port, gateway, link);
            await isp.ip("link", "set", port, "master", "s0");
          },
          lan: (link) => wire6(gateway, link, gateway, `${link}h`),
          serve: (link, pool, given) => {
            const made = provide6(isp, link, pool, given);
            providers.push(made);
            return made;
          },
          start: async (toml = CONFIGURATION) => {
            program = await startLeasehold(gateway, folder, toml);
            return program;
          },
          on: (link) => globals6(gateway, link),
          refusing: async () => {
            const routes = (await gateway.json("ip", "-6", "-j", "route", "show", "proto", "dhcp")) as readonly Refusing[];
            return routes.map(({ type = "unicast", dst }) => `${type} ${dst}`).sort();
          },
          news: (act) => told(gateway, act),
        });
      } finally {
        for (const provider of providers) provider.close();
        await program?.stop();
      }
    }),
  );
}
type Refusing = { readonly type?: string; readonly dst: string };

async function told(ns: Namespace, act: () => Promise<void>): Promise<string> {
  const monitor: Running = ns.spawn("ip", ["-6", "monitor", "address", "route"]);
  await delay(300);
  await act();
  await delay(300);
  await monitor.stop("SIGTERM");
  return monitor.stdout;
}

/** The first, if there is one. */
export const one = async (addresses: Promise<readonly KernelAddress6[]>): Promise<KernelAddress6 | undefined> => (await addresses)[0];
