/** A running program is traced while a host takes a lease: what each machine and the server were told replays bit for bit. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { startDhclient6 } from "../support/clients6.ts";
import { startLeasehold } from "../support/leasehold.ts";
import { wire6 } from "../support/link6.ts";
import { waitFor, withNamespaces } from "../support/namespace.ts";
import { withScratch, writeIn } from "../support/scratch.ts";
import { startKea6 } from "../support/servers6.ts";
import { needsPeers } from "../support/unpacked.ts";

const REPLAY = join(dirname(fileURLToPath(import.meta.url)), "../../scripts/replay.ts");
const PATIENCE_MS = 20_000;
const RECORDED_SECONDS = 6;
const CONFIGURATION = `[uplink6.wan0]
delegate = [ { iaid = 1, to = ["lan0/64"] } ]

[lan.lan0]
`;

/** The first octet of the last datagram but one has another bit: the message type, or the like. */
function withAnotherBit(recording: string): string {
  const lines = recording.split("\n");
  const at = lines.findLastIndex((line) => line.includes('"kind":"received"') && line.includes('"payload"'));
  const changed = lines[at]?.replace(
    /("payload":\{"\$":"bytes","hex":"\w{7})(\w)/,
    (_, head: string, digit: string) => head + (digit === "0" ? "1" : "0"),
  );
  assert.ok(changed !== undefined && changed !== lines[at]);
  return lines.with(at, changed).join("\n");
}

test("uplink6, the router and the DHCPv6 server of a running program are traced and replayed; one changed bit is noticed", needsPeers, () =>
  withScratch((folder) =>
    withNamespaces(["server", "gateway", "hosts"], async ({ server, gateway, hosts }) => {
      await wire6(server, "s0", gateway, "wan0");
      await wire6(gateway, "lan0", hosts, "h0");
      await server.address("s0", "2001:db8:1::1/64");
      await gateway.sysctl("net.ipv6.conf.all.forwarding", 1);
      const delegation = { from: "2001:db8:8000::/40", first: "2001:db8:8000::", last: "2001:db8:80ff:ff00::", delegatedLength: 56 };
      await startKea6(server, folder, { interface: "s0", subnet: "2001:db8:1::/64", delegation });
      const ours = await startLeasehold(gateway, folder, CONFIGURATION);
      await waitFor(
        (see) => {
          see(ours.log().slice(-2000));
          return ["bound", "advertising"].every((state) => ours.log().includes(`"to":"${state}"`));
        },
        PATIENCE_MS,
        "a delegated prefix, and a router",
      );

      const recording = ours.control("trace", "--service", "lan", "dhcp6", "--seconds", String(RECORDED_SECONDS));
      const dhclient = startDhclient6(hosts, folder, { interface: "h0" });
      const recorded = await recording;
      const bound = dhclient.calls().find(({ reason }) => reason === "BOUND6");
      assert.ok(bound !== undefined, dhclient.log());

      const replayed = (text: string): { readonly status: number | null; readonly said: string } => {
        const file = writeIn(folder, "recording", text);
        const { status, stdout, stderr } = spawnSync(process.execPath, ["--import", "tsx", REPLAY, file], { encoding: "utf8" });
        return { status, said: stdout + stderr };
      };
      const traces = {
        "dhcp6-server": recorded,
        "router-advertiser": await ours.control("trace", "--service", "lan", "lan0"),
        uplink6: await ours.control("trace", "--service", "uplink6", "wan0"),
      };
      for (const [machine, text] of Object.entries(traces)) {
        const { status, said } = replayed(text);
        assert.equal(status, 0, `${machine}: ${said}`);
        console.log(said.trim());
      }
      assert.ok(recorded.split('"kind":"received"').length > 2, "a Solicit and a Request at least");
      assert.equal(replayed(withAnotherBit(recorded)).status, 1);
      await assert.rejects(ours.control("trace", "--service", "lan", "none0"), /knows no none0/);
    }),
  ),
);
