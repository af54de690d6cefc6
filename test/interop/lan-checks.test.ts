/** Programs that judge DHCPv6 servers, at ours: perfdhcp counts exchanges and doubles, nmap prints what it is offered, tshark reads frames. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { inLanWorld, type LanWorld } from "../support/lan-world.ts";
import { writeIn } from "../support/scratch.ts";
import { needsPeers } from "../support/unpacked.ts";

const CLIENTS = 200;
/** At a rate at which the machine that runs many tests keeps up, and with patience for one that does not. */
const PERFDHCP = ["-6", "-l", "eth0", "-r", "60", "-R", "100000", "-n", String(CLIENTS), "-u", "-d", "10", "-W", "2000000"];
/** nmap's script knows no other kind of identifier (RFC 9915 §11.2). */
const DUID_LLT = "00:01:00:01:32:94:92:ba:02:00:5e:10:06:01";

describe("the DHCPv6 server", { concurrency: 4 }, () => {
  for (const [what, options] of [
    ["addresses", ["-e", "address-only"]],
    ["prefixes", ["-e", "prefix-only"]],
    ["both, renewed and given back meanwhile", ["-e", "address-and-prefix", "-f", "20", "-F", "10"]],
  ] as const)
    test(`perfdhcp: ${CLIENTS} clients in four messages, nothing dropped, refused, malformed or given twice: ${what}`, needsPeers, () =>
      inLanWorld(async (world) => {
        await world.serve();
        await world.watch();
        const { code, stdout, stderr } = await world.host.attempt("perfdhcp", ...PERFDHCP, ...options);
        assert.equal(code, 0, stdout + stderr);
        for (const exchange of ["SOLICIT-ADVERTISE", "REQUEST-REPLY"]) assert.deepEqual(counted(stdout, exchange, CLIENTS), SOUND, stdout);
        assert.match(stdout, /^Malformed packets: 0$/m);
        assert.deepEqual(await world.complaints(), []);
      }),
    );

  test("nmap's broadcast-dhcp6-discover prints what it is offered", needsPeers, () =>
    inLanWorld(async (world) => {
      writeIn(world.folder, "leasehold.state/duid", `${DUID_LLT}\n`);
      await world.serve();
      await world.watch();
      const { stdout, stderr } = await world.host.exec("nmap", "-6", "-e", "eth0", "--script", "broadcast-dhcp6-discover");
      assert.match(stdout, /broadcast-dhcp6-discover:/, stdout + stderr);
      assert.match(stdout, /Message type: Advertise/);
      assert.match(stdout, /Non-temporary Address: 2001:db8:1:0?:77:/);
      assert.deepEqual(await world.complaints(), []);
    }),
  );

  test("control: a malformed answer sent from our address, is found", needsPeers, () =>
    inLanWorld(async (world) => {
      await world.watch();
      await planted(world, "070102030003000400000001");
      await planted(world, "070102030001000a00030001020000000001");
      assert.equal((await world.complaints()).length, 1, "the malformed one, not the sound one");
    }),
  );
});

const SOUND = { sent: true, received: true, drops: "0", rejected: "0", unique: true };

function counted(report: string, exchange: string, clients: number): object {
  const block = report.slice(report.indexOf(`Statistics for: ${exchange}`)).split("***Statistics")[0] ?? "";
  const figure = (name: string): string | undefined => new RegExp(`^${name}: (\\S+)$`, "m").exec(block)?.[1];
  return {
    sent: Number(figure("sent packets")) >= clients,
    received: figure("received packets") === figure("sent packets"),
    drops: figure("drops"),
    rejected: figure("rejected leases"),
    unique: figure("non unique addresses") === "0",
  };
}

/** One datagram from port 547 of the gateway to the host's. */
async function planted(world: LanWorld, payload: string): Promise<void> {
  const program = [
    "import socket, sys",
    "s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)",
    's.bind(("::", 547))',
    's.sendto(bytes.fromhex(sys.argv[1]), ("ff02::1", 546, 0, socket.if_nametoindex("lan0")))',
  ];
  await world.gateway.exec("python3", "-c", program.join("\n"), payload);
}
