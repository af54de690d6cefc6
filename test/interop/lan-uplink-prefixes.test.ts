/** What the kernel refuses as a whole, for an uplink was delegated it, is delegated on; a real client takes it, and the next one when it changes. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Client6, startDhclient6 } from "../support/clients6.ts";
import { startLeasehold } from "../support/leasehold.ts";
import { linkLocal, routes6, wire6 } from "../support/link6.ts";
import { type Namespace, waitFor, withNamespaces } from "../support/namespace.ts";
import { withScratch } from "../support/scratch.ts";
import { needsPeers } from "../support/unpacked.ts";

const PATIENCE_MS = 30_000;
const CONFIGURATION = `[lan.lan0]
uplink_prefixes = { shortest = 60, longest = 62, usual = 60 }
prefix_pool = "fd00:db8::/48"
delegated_length = 56
preferred_seconds = 12
valid_seconds = 40
`;

function prefixes(client: Client6): readonly string[] {
  return client.calls().flatMap((call) => call["new_ip6_prefix"] ?? []);
}

/** As a client of a provider leaves the kernel: the whole prefix refused, one piece of it on the link. */
async function delegated(gateway: Namespace, prefix: string, doing: "add" | "del"): Promise<void> {
  const [network = ""] = prefix.split("::");
  await gateway.ip("-6", "route", doing, "unreachable", prefix, "metric", "2048", "proto", "dhcp");
  await gateway.ip("-6", "address", doing, `${network.slice(0, -2)}01::1/64`, "dev", "lan0", "nodad");
}

test("dhclient -6 is delegated a piece of the uplink's prefix, with a route, and of the next one when it changes (RFC 9096 §3.5)", needsPeers, () =>
  withScratch((folder) =>
    withNamespaces(["gateway", "host"], async ({ gateway, host }) => {
      await wire6(gateway, "lan0", host, "eth0");
      await gateway.sysctl("net.ipv6.conf.all.forwarding", 1);
      await delegated(gateway, "2001:db8:0:700::/56", "add");
      const leasehold = await startLeasehold(gateway, folder, CONFIGURATION);
      const client = startDhclient6(host, folder, { interface: "eth0", address: false, prefix: true });
      const seen = <T>(what: string, look: () => T | undefined | Promise<T | undefined>): Promise<T> =>
        waitFor(
          async (see) => {
            see(`${leasehold.log().slice(-2000)}\n---\n${client.log().slice(-2500)}`);
            return look();
          },
          PATIENCE_MS,
          what,
        ) as Promise<T>;
      const of = (network: RegExp): Promise<string> => seen(`a prefix ${network}`, () => prefixes(client).find((one) => network.test(one)));
      const first = await of(/^2001:db8:0:7[1-9a-f]0::\/60$/);
      const via = await linkLocal(host, "eth0");
      const routed = (prefix: string) =>
        seen(`a route to ${prefix}`, async () => (await routes6(gateway)).find(({ dst, gateway: hop }) => dst === prefix && hop === via));
      await routed(first);
      assert.ok(
        (await routes6(gateway)).some(({ dst, protocol }) => dst === "fd00:db8::/48" && protocol === "157"),
        "the operator's own pool leads nowhere",
      );

      await delegated(gateway, "2001:db8:0:700::/56", "del");
      await delegated(gateway, "2001:db8:0:900::/56", "add");
      const second = await of(/^2001:db8:0:9[1-9a-f]0::\/60$/);
      await routed(second);
      await seen("the old route gone", async () => ((await routes6(gateway)).some(({ dst }) => dst === first) ? undefined : true));
    }),
  ),
);
