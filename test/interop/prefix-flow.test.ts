/** One prefix all the way: a server's Reply, our address on the link behind, our advertisement, an address out of our own pool. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { fieldsOf } from "../support/capture.ts";
import { startDhclient6 } from "../support/clients6.ts";
import { startLeasehold } from "../support/leasehold.ts";
import { globals6, startSlaac, wire6 } from "../support/link6.ts";
import { waitFor, withNamespaces } from "../support/namespace.ts";
import { withScratch } from "../support/scratch.ts";
import { startKea6 } from "../support/servers6.ts";
import { needsPeers } from "../support/unpacked.ts";

const PATIENCE_MS = 20_000;
const CONFIGURATION = `[uplink6.wan0]
delegate = [ { iaid = 1, to = ["lan0/64"] } ]

[lan.lan0]
`;
const NETWORK = "2001:db8:8000:";

test("a delegated prefix is on the link, advertised and served a moment after the provider's Reply; times by tshark", needsPeers, () =>
  withScratch((folder) =>
    withNamespaces(["server", "gateway", "hosts"], async ({ server, gateway, hosts }) => {
      await wire6(server, "s0", gateway, "wan0");
      await wire6(gateway, "lan0", hosts, "h0");
      await server.address("s0", "2001:db8:1::1/64");
      await gateway.sysctl("net.ipv6.conf.all.forwarding", 1);
      const [outside, inside] = [await server.capture("s0", "udp port 547"), await gateway.capture("lan0", "icmp6 or udp port 547")];
      const ours = await startLeasehold(gateway, folder, CONFIGURATION);
      const dhclient = startDhclient6(hosts, folder, { interface: "h0" });
      await startSlaac(hosts, "h0");
      const delegation = { from: "2001:db8:8000::/40", first: "2001:db8:8000::", last: "2001:db8:80ff:ff00::", delegatedLength: 56 };
      await startKea6(server, folder, { interface: "s0", subnet: "2001:db8:1::/64", delegation });

      const leased = await waitFor(
        (see) => {
          see(`${ours.log().slice(-2000)}\n${dhclient.log().slice(-2000)}`);
          return dhclient.calls().find(({ reason }) => reason === "BOUND6")?.["new_ip6_address"];
        },
        PATIENCE_MS,
        "a host has an address out of our pool",
      );
      assert.ok(leased.startsWith(NETWORK), `${leased} is out of the delegated prefix`);
      const own = (await globals6(gateway, "lan0")).map(({ local }) => local);
      assert.ok(own.length === 1 && own[0]?.startsWith(NETWORK), `ours on the link: ${own}`);
      await waitFor(
        async () => (await globals6(hosts, "h0")).some(({ local, dynamic }) => dynamic === true && local !== leased && local.startsWith(NETWORK)),
        PATIENCE_MS,
        "SLAAC",
      );
      await Promise.all([outside.stop(), inside.stop()]);

      const at = async (file: string, filter: string): Promise<number> => {
        const [first] = await fieldsOf(file, filter, ["frame.time_epoch"]);
        assert.ok(first?.[0] !== undefined, `a frame that is ${filter}`);
        return Number(first[0]);
      };
      const reply = await at(outside.file, "dhcpv6.msgtype == 7");
      const advertised = await at(inside.file, "icmpv6.type == 134 and icmpv6.opt.prefix == 2001:db8:8000::/40");
      const served = await at(inside.file, "dhcpv6.msgtype == 7 and dhcpv6.iaaddr.ip == 2001:db8:8000::/40");
      const afterReply = { advertisedSeconds: advertised - reply, servedSeconds: served - reply };
      assert.ok(afterReply.advertisedSeconds > 0 && afterReply.servedSeconds > 0, JSON.stringify(afterReply));
      assert.ok(afterReply.advertisedSeconds < 5, `RFC 4861 lets no more than one advertisement in three seconds: ${JSON.stringify(afterReply)}`);
      console.log(`prefix flow: ${JSON.stringify(afterReply)}`);
    }),
  ),
);
