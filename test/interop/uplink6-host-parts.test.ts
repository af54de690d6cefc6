/** Our own addresses behind an uplink as the kernel and its neighbours see them: made as asked for, and another where a host has it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { startLeasehold } from "../support/leasehold.ts";
import { globals6, wire6 } from "../support/link6.ts";
import { type Namespace, waitFor, withNamespaces } from "../support/namespace.ts";
import { withScratch } from "../support/scratch.ts";
import { type Server6Options, startIsc6 } from "../support/servers6.ts";
import { needsPeers } from "../support/unpacked.ts";

const PATIENCE_MS = 15_000;
/** One prefix, so that what we are given is known before. */
const SERVER: Server6Options = {
  interface: "s0",
  subnet: "2001:db8:1::/64",
  delegation: { from: "2001:db8:8000::/56", first: "2001:db8:8000::", last: "2001:db8:8000::", delegatedLength: 56 },
  preferredSeconds: 300,
  validSeconds: 600,
};
const CONFIGURATION = `[system]
resolver = "none"
[uplink6.wan0]
delegate = [ { iaid = 1, to = ["lan0", { interface = "lan1", host_part = "eui64" }, { interface = "lan2", host_part = "stable" }] } ]
`;
const LANS = ["lan0", "lan1", "lan2"];

async function inUse(ns: Namespace, name: string): Promise<string | undefined> {
  return (await globals6(ns, name)).find(({ tentative }) => tentative !== true)?.local;
}

async function behind(ns: Namespace, seen: () => string): Promise<readonly string[]> {
  return waitFor(
    async (see) => {
      see(seen().slice(-3000));
      const held = await Promise.all(LANS.map((name) => inUse(ns, name)));
      return held.every((one) => one !== undefined) ? (held as readonly string[]) : undefined;
    },
    PATIENCE_MS,
    "an address of ours on each link that nobody else has",
  );
}

test(
  "EUI-64 and stable host parts, the same after a restart; where another host has the address the next one is taken (RFC 4862 §5.4, RFC 7217)",
  needsPeers,
  () =>
    withScratch((folder) =>
      withNamespaces(["server", "gateway", "hosts"], async ({ server, gateway, hosts }) => {
        await wire6(server, "s0", gateway, "wan0");
        for (const n of [0, 1, 2]) await wire6(gateway, `lan${n}`, hosts, `h${n}`);
        for (const name of LANS) await gateway.sysctl(`net.ipv6.conf.${name}.accept_dad`, 1);
        await server.address("s0", "2001:db8:1::1/64");
        await hosts.address("h0", "2001:db8:8000::1/64");
        const provider = await startIsc6(server, folder, SERVER);
        const first = await startLeasehold(gateway, folder, CONFIGURATION);
        const held = await behind(gateway, first.log);
        const [link] = (await gateway.json("ip", "-j", "link", "show", "dev", "lan1")) as readonly { readonly address: string }[];
        const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = (link?.address ?? "").split(":").map((octet) => Number.parseInt(octet, 16));
        const eui64 = [((a ^ 2) << 8) | b, (c << 8) | 0xff, 0xfe00 | d, (e << 8) | f].map((group) => group.toString(16)).join(":");
        assert.deepEqual(held.slice(0, 2), ["2001:db8:8000::2", `2001:db8:8000:1:${eui64}`]);
        assert.match(held[2] ?? "", /^2001:db8:8000:2:[0-9a-f]+:[0-9a-f:]+$/);
        assert.match(first.log(), /"event":"duplicateAddress"[^\n]*2001:db8:8000::1"/);

        await first.stop();
        for (const name of LANS)
          for (const { local } of await globals6(gateway, name)) await gateway.exec("ip", "addr", "del", `${local}/64`, "dev", name);
        const second = await startLeasehold(gateway, folder, CONFIGURATION);
        assert.deepEqual(await behind(gateway, second.log), held);
        await second.stop();
        await provider.stop();
      }),
    ),
);
