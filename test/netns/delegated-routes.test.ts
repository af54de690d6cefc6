/** Routes to delegated prefixes, as main makes them for the engine of lan, on a real kernel. */
import { dhcp6Pools, prefixPool } from "../../src/services/lan/dhcp6-config.ts";
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseDuid } from "../../src/base/duid.ts";
import type { Ipv6Address, Ipv6Prefix } from "../../src/base/ipv6.ts";
import type { Incoming } from "../../src/roles/connection.ts";
import { LanOffice } from "../../src/roles/main/lan-office.ts";
import type { Tools } from "../../src/roles/main/office.ts";
import { Counters } from "../../src/services/counters.ts";
import { needsRoot } from "../support/namespace.ts";
import { withScratch } from "../support/scratch.ts";
import { shownRoutes, wired } from "../support/wired.ts";

type Wish = Extract<Incoming, { readonly kind: "delegatedRoutes" }>["body"]["routes"][number];
const host = { hostsFolder: undefined };
const pools = dhcp6Pools({ prefixes: [prefixPool("2001:db8:100::/40" as Ipv6Prefix, 56)] });

test("a route is made, changed and taken away, also by an engine that knows only its prefix; others' routes stay", needsRoot, () =>
  withScratch((scratch) =>
    wired(async ({ here, network, wan }) => {
      const [refused, told] = [new Counters(), [] as string[]];
      const tools = {
        options: { "state-dir": scratch },
        ...{ network, refused, generation: () => 1 },
        log: { write: () => undefined },
        children: {
          to: () => ({ send: (_name: string, body: { readonly what: string; readonly errno: number }) => told.push(`${body.what} ${body.errno}`) }),
        },
      } as unknown as Tools;
      const duid = parseDuid("00:03:00:01:02:00:00:00:00:01");
      assert.ok(duid !== undefined);
      const office = (): LanOffice => {
        const made = new LanOffice(tools, duid);
        const lan = {
          interfaces: [{ name: "wan0", number: 1, router: undefined, dhcp6: { mode: "server", pools } }],
          relayedLinks: [],
          classes: [],
          hosts: [],
        } as const;
        made.configure({ host, lan } as unknown as Parameters<LanOffice["configure"]>[0]);
        return made;
      };
      const ask = (main: LanOffice, wish: Partial<Omit<Wish, "prefix" | "via">> & { readonly prefix: string; readonly via: string }): void => {
        const route = { add: true, link: wan, name: "wan0", ...wish, prefix: wish.prefix as Ipv6Prefix, via: wish.via as Ipv6Address };
        main.message("engine-lan", { kind: "delegatedRoutes", generation: 1, descriptors: [], body: { routes: [route] } });
      };
      const routes = async (): Promise<readonly string[]> =>
        (await shownRoutes(here, "-6"))
          .filter(({ protocol, type }) => protocol !== "kernel" && type !== "unreachable")
          .map(({ dst, gateway, protocol }) => `${dst} ${gateway} ${protocol}`);
      await here.ip("-6", "route", "add", "2001:db8:100:100::/56", "via", "fe80::99", "dev", "wan0", "metric", "2000", "proto", "static");
      const [foreign] = await routes();

      const first = office();
      const refused6 = async (): Promise<unknown> =>
        (await shownRoutes(here, "-6")).filter(({ type }) => type === "unreachable").map(({ dst, protocol, metric }) => [dst, protocol, metric]);
      assert.deepEqual(await refused6(), [["2001:db8:100::/40", "157", 0x40000000]], "what nobody has leads nowhere");
      ask(first, { prefix: "2001:db8:100:100::/56", via: "fe80::2" });
      ask(first, { prefix: "2001:db8:100:200::/56", via: "fe80::2" });
      ask(first, { prefix: "2001:db8:100:200::/56", via: "fe80::3" });
      assert.deepEqual([...(await routes())].sort(), [foreign, "2001:db8:100:100::/56 fe80::2 157", "2001:db8:100:200::/56 fe80::3 157"].sort());
      ask(first, { add: false, prefix: "2001:db8:100:200::/56", via: "::" });
      assert.deepEqual([...(await routes())].sort(), [foreign, "2001:db8:100:100::/56 fe80::2 157"].sort());
      ask(first, { add: false, prefix: "2001:db8:100:200::/56", via: "::" });

      const without = office();
      assert.deepEqual(await refused6(), [["2001:db8:100::/40", "157", 0x40000000]]);
      await here.ip("-6", "route", "add", "unreachable", "2001:db8:900::/48", "metric", "2048", "proto", "dhcp");
      without.configure({ host } as unknown as Parameters<LanOffice["configure"]>[0]);
      assert.deepEqual(await refused6(), [["2001:db8:900::/48", "dhcp", 2048]], "the pool has gone, and others' routes stay");
      await here.ip("-6", "route", "del", "unreachable", "2001:db8:900::/48");
      const later = office();
      ask(later, { add: false, prefix: "2001:db8:100:100::/56", via: "::" });
      assert.deepEqual(await routes(), [foreign], "of an earlier life of main itself");

      ask(later, { prefix: "2001:db8:100:300::/56", via: "fe80::2" });
      await here.ip("link", "del", "wan0");
      ask(later, { add: false, prefix: "2001:db8:100:300::/56", via: "fe80::2" });
      assert.deepEqual([refused.toJSON(), told], [{}, []], "what the kernel took with the link is not missed");
    }),
  ),
);
