/** A running program is traced while a host takes a lease: what each machine and the server were told replays bit for bit. */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import type { Readable } from "node:stream";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { startDhclient6 } from "../support/clients6.ts";
import { READER, SUFFIX, userName } from "../support/ldif.ts";
import { startLeasehold } from "../support/leasehold.ts";
import { wire6 } from "../support/link6.ts";
import { waitFor, withNamespaces } from "../support/namespace.ts";
import { bindToServer } from "../support/nis.ts";
import { NIS_DOMAIN, PrivateRoot } from "../support/private-root.ts";
import { withScratch, writeIn } from "../support/scratch.ts";
import { startKea6 } from "../support/servers6.ts";
import { SERVER_NAME, startSlapd } from "../support/slapd.ts";
import { needsPeers } from "../support/unpacked.ts";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "../..");
const BIN = join(ROOT, "bin/leasehold");
const REPLAY = join(ROOT, "scripts/replay.ts");
const PATIENCE_MS = 20_000;
const USERS = 60;
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

/** `leasehold trace` of a server: it records until somebody presses Ctrl-C. @returns how to do that, and get what was recorded */
async function recording(folder: string, service: string, name: string): Promise<() => Promise<string>> {
  const args = ["trace", "--service", service, name, "--seconds", "60", "--runtime-dir", join(folder, "leasehold.run")];
  const program = spawn(BIN, args);
  const [said, warned] = [textOf(program.stdout), textOf(program.stderr)];
  const ended = new Promise<number | null>((resolve) => program.on("close", resolve));
  await waitFor(() => warned().includes("recording for 60 seconds"), PATIENCE_MS, `a recording of ${name}`);
  return async () => {
    program.kill("SIGINT");
    assert.equal(await ended, 0, warned());
    return said();
  };
}

function textOf(stream: Readable): () => string {
  let text = "";
  stream.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
  });
  return () => text;
}

function replayed(folder: string, text: string): { readonly status: number | null; readonly said: string } {
  const file = writeIn(folder, "recording", text);
  const { status, stdout, stderr } = spawnSync(process.execPath, ["--import", "tsx", REPLAY, file], { encoding: "utf8" });
  return { status, said: stdout + stderr };
}

function replaysAll(folder: string, traces: Readonly<Record<string, string>>): void {
  for (const [machine, text] of Object.entries(traces)) {
    const { status, said } = replayed(folder, text);
    assert.equal(status, 0, `${machine}: ${said}`);
    console.log(said.trim());
  }
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

      const server6 = await recording(folder, "lan", "dhcp6");
      const dhclient = startDhclient6(hosts, folder, { interface: "h0" });
      await waitFor(() => dhclient.calls().some(({ reason }) => reason === "BOUND6"), PATIENCE_MS, "a host's address");
      const recorded = await server6();

      const traces = {
        "dhcp6-server": recorded,
        "router-advertiser": await ours.control("trace", "--service", "lan", "lan0"),
        uplink6: await ours.control("trace", "--service", "uplink6", "wan0"),
      };
      replaysAll(folder, traces);
      assert.ok(recorded.split('"kind":"received"').length > 2, "a Solicit and a Request at least");
      assert.equal(replayed(folder, withAnotherBit(recorded)).status, 1);
      await assert.rejects(ours.control("trace", "--service", "lan", "none0"), /knows no none0/);
    }),
  ),
);

test("an update of a running directory, and what its outlets were asked, replay; the bind password is in neither", needsPeers, () =>
  withScratch((folder) =>
    withNamespaces(["machine"], async ({ machine }) => {
      const slapd = await startSlapd(machine, { users: USERS, groups: 5, tls: true });
      try {
        const root = new PrivateRoot(machine, folder);
        root.write("etc/hosts", `127.0.0.1 localhost nistest ${SERVER_NAME}\n`);
        bindToServer(root, "127.0.0.1");
        const authority = writeIn(folder, "authority.pem", slapd.authorityPem);
        const secret = writeIn(folder, "secret", `${READER.password}\n`, 0o600);
        const toml = `[directory]
domain = "${NIS_DOMAIN}"
[directory.source.main]
server = "${SERVER_NAME}"
ca_file = "${authority}"
bind_dn = "${READER.dn}"
bind_password_file = "${secret}"
base = "${SUFFIX}"
`;
        const ours = await startLeasehold(root, folder, toml);
        const listed = async (): Promise<number> => (await root.run("ypcat", "passwd.byname")).stdout.split("\n").filter(Boolean).length;
        await waitFor(async () => (await listed()) === USERS, PATIENCE_MS, "all users over YP");
        const recordings = [await recording(folder, "directory", "requests"), await recording(folder, "directory", "updates")];
        for (let i = 0; i < 5; i++) assert.equal(await listed(), USERS);
        assert.match((await root.run("ypmatch", userName(3), "passwd.byname")).stdout, new RegExp(userName(3)));
        await waitFor(() => ours.log().split('"event":"directoryCommitted"').length > 3, PATIENCE_MS, "an update");
        const [requests = "", updates = ""] = await Promise.all(recordings.map((end) => end()));
        replaysAll(folder, { updates, requests });
        assert.ok(updates.includes('"name":"entries"') && updates.includes('"name":"pulled"'));
        assert.ok(requests.split('"kind":"record"').length > 2 && requests.includes('"kind":"datagram"'));
        assert.ok(![updates, requests].some((text) => text.includes(READER.password)));
        const changed = updates.replace(userName(3), userName(4));
        assert.equal(replayed(folder, changed).status, 1);
      } finally {
        slapd.remove();
      }
    }),
  ),
);
