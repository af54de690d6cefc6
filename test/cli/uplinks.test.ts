/** Commands for one interface, and what `show` and `explain` say of an uplink that gets prefixes, over a made-up program. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createServer } from "node:http";
import { join } from "node:path";
import { test } from "node:test";
import { uplink6Lines } from "../../src/cli/show/uplink6.ts";
import { explanation } from "../../src/cli/show/explain.ts";
import { sentences, type Shown } from "../../src/cli/show/show.ts";
import { TRANSITIONS } from "../../src/machines/dhcp6-client/state.ts";
import { TRANSITION6_REASONS, type Transition6Reason } from "../../src/services/uplink6/explain.ts";
import type { Lease6View, Uplink6LinkView } from "../../src/services/uplink6/view.ts";
import { bundled } from "../support/bundled.ts";
import { withScratch } from "../support/scratch.ts";

const CLI = bundled("src/cli/leasehold.ts");
const EARLY = "2026-11-21T12:00:00.000Z";
const LATE = "2026-11-21T14:00:00.000Z";

type Ran = { readonly code: number | null; readonly stdout: string; readonly stderr: string; readonly asked: readonly string[] };
type Answers = Readonly<Record<string, readonly [number, unknown]>>;

/** Runs `leasehold WORDS` against a program that answers as it is told, and 404 otherwise. */
async function leasehold(answers: Answers, ...words: readonly string[]): Promise<Ran> {
  let ran: Ran | undefined;
  await withScratch(async (folder) => {
    const asked: string[] = [];
    const server = createServer((request, response) => {
      const line = `${request.method} ${request.url}`;
      asked.push(line);
      const [status, body] = answers[line] ?? [404, { text: "nobody serves it" }];
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    });
    await new Promise<void>((done) => server.listen(join(folder, "control.sock"), done));
    try {
      const child = spawn(process.execPath, [CLI, ...words, "--runtime-dir", folder]);
      let [stdout, stderr] = ["", ""];
      child.stdout.setEncoding("utf8").on("data", (text: string) => {
        stdout += text;
      });
      child.stderr.setEncoding("utf8").on("data", (text: string) => {
        stderr += text;
      });
      const code = await new Promise<number | null>((done) => child.on("close", done));
      ran = { code, stdout, stderr, asked };
    } finally {
      server.close();
    }
  });
  assert.ok(ran !== undefined);
  return ran;
}

test("renew, release and reboot are for every kind of uplink that the interface is, and --service narrows them", async () => {
  const [renewed, rebooted] = await Promise.all([
    leasehold({ "POST /v1/uplinks/wan0/renew": [200, { ok: true, text: "under way" }] }, "renew", "wan0"),
    leasehold({ "POST /v1/uplink6/wan0/reboot": [200, { ok: true, text: "under way" }] }, "reboot", "wan0", "--service", "uplink6"),
  ]);
  assert.deepEqual([renewed.code, renewed.stdout, renewed.asked], [0, "under way\n", ["POST /v1/uplinks/wan0/renew"]]);
  assert.deepEqual([rebooted.code, rebooted.asked], [0, ["POST /v1/uplink6/wan0/reboot"]]);
});

test("what nobody serves is exit 3, what is refused exit 1, another service wrong usage", async () => {
  const [absent, refused, wrong] = await Promise.all([
    leasehold({}, "renew", "wan9"),
    leasehold({ "POST /v1/uplink4/wan0/release": [403, { text: "only root may do this" }] }, "release", "wan0", "--service", "uplink4"),
    leasehold({}, "renew", "wan0", "--service", "lan"),
  ]);
  assert.deepEqual([absent.code, refused.code, wrong.code], [3, 1, 2]);
  assert.equal(refused.stderr, "only root may do this\n");
});

const told = (service: string, services?: readonly string[]): object => ({
  interface: "wan0",
  state: "bound",
  service,
  ...(services === undefined ? {} : { services }),
  transitions: [
    { at: EARLY, from: "soliciting", to: "bound", why: "reply", address: "2001:db8::/56", server: "0001", tried: 1, ignored: { "status-other": 2 } },
  ],
});

test("explain tells of each service that has the interface, one after the other", async () => {
  const answers: Answers = {
    "GET /v1/explain/wan0": [200, told("uplink4", ["uplink4", "uplink6"])],
    "GET /v1/explain/uplink6/wan0": [200, told("uplink6")],
  };
  const both = await leasehold(answers, "explain", "wan0");
  assert.deepEqual([both.code, both.asked], [0, ["GET /v1/explain/wan0", "GET /v1/explain/uplink6/wan0"]]);
  assert.match(both.stdout, /^wan0 \(uplink4\) is bound\.\n/);
  assert.match(
    both.stdout,
    /^wan0 \(uplink6\) is bound\.\n.*: 0001 granted 2001:db8::\/56; uses what it holds \(answers passed over before: status-other 2\)$/m,
  );
  const one = await leasehold(answers, "explain", "wan0", "--service", "uplink6", "--json");
  assert.deepEqual([one.asked.length, one.stdout.trim().split("\n").length], [1, 1]);
});

test("every transition of uplink6 is a sentence of its own, and nothing of it reaches a terminal unescaped", () => {
  const states = Object.keys(TRANSITIONS);
  const line = (why: string, to: string): string =>
    explanation({
      interface: "wan0",
      state: "bound",
      service: "uplink6",
      transitions: [{ at: EARLY, from: "renewing", to, why: why as Transition6Reason, address: "\u001b[2J", server: null, tried: 3, ignored: {} }],
    }).split("\n")[1] ?? "";
  const whys = Object.keys(TRANSITION6_REASONS).map((why) => line(why, "bound"));
  const tos = states.map((to) => line("other", to));
  assert.equal(new Set(whys).size, whys.length);
  assert.equal(new Set(tos.map((one) => one.split("; ")[1])).size, states.length);
  for (const one of [...whys, ...tos]) assert.doesNotMatch(one, /\u001b|undefined/);
  assert.match(line("no-reply", "rebinding"), /renew failed 3x: no reply from any server; asks any server to extend/);
});

const LEASE = {
  server: "000100",
  serverName: "LLT 02:00:5e:10:00:01 at 5",
  nameServers: ["2001:db8::53"],
  searchDomains: ["home.example"],
  options: { 31: ["20010db8"], 7000: ["00", "01"] },
  prefixes: [{ iaid: 7, prefix: "2001:db8:100::/56", excluded: "2001:db8:100:ff::/64", preferredUntil: EARLY, validUntil: null }],
  addresses: [{ iaid: 9, address: "2001:db8::7", preferredUntil: EARLY, validUntil: LATE }],
  assigned: [
    { interface: "lan0", present: true, address: "2001:db8:100::1", prefixLength: 64, instead: null },
    { interface: "lan1", present: false, address: "2001:db8:100:1::5", prefixLength: 64, instead: "duplicate" },
  ],
  unserved: [
    { interface: "lan2", prefix: "2001:db8:100::/56", reason: "too-small" },
    { interface: "wan0", prefix: "2001:db8:100::/56", reason: "upstream-link" },
  ],
  renewsAt: EARLY,
  rebindsAt: LATE,
} as unknown as Lease6View;
const UPLINK: Uplink6LinkView = {
  interface: "wan0",
  present: true,
  running: true,
  state: "bound",
  since: EARLY,
  nextDeadline: LATE,
  wishes: [
    { kind: "na", iaid: 9, prefixLength: 128 },
    { kind: "pd", iaid: 7, prefixLength: 56 },
    { kind: "pd", iaid: 8, prefixLength: 60 },
  ],
  lease: LEASE,
  told: null,
  acceptsReconfigure: true,
  routers: [],
  received: 1,
  accepted: 1,
  sent: { solicit: 1 },
  ignored: {},
  passedOver: { "ia-malformed": 2 },
  unheeded: {},
  ignoredAdvertisements: {},
};

test("show says what is held until when, which interface has which address, who has none and why, what was not given, and what else was told", () => {
  const text = uplink6Lines({ service: "uplink6", uplinks: [UPLINK], ignored: { "link-unknown": 1 } }).join("\n");
  assert.equal(
    text,
    `
wan0 holds what it was given, since ${EARLY}.
  from server 000100 (LLT 02:00:5e:10:00:01 at 5):
  2001:db8::7 (IA_NA 9) is preferred until ${EARLY}, valid until ${LATE}
  2001:db8:100::/56 (IA_PD 7) is preferred until ${EARLY}, valid until for ever; without 2001:db8:100:ff::/64
  lan0 has 2001:db8:100::1/64
  lan1 has 2001:db8:100:1::5/64 as soon as it exists, not with the host part that was asked for: another host has that address
  lan2 gets nothing of 2001:db8:100::/56: the provider gave less than was asked for
  wan0 gets nothing of 2001:db8:100::/56: a delegated prefix must not be used on the link it came over
  a prefix of 60 bits (IA_PD 8) was asked for and not given
  name servers: 2001:db8::53; search home.example
  other options: 31 (1 time) and 7000 (2 times)
  the server may ask us to come again (Reconfigure)
  renews at ${EARLY}, rebinds at ${LATE}
  next: ${LATE}
  sent: solicit 1; received: 1 datagram; ignored: none
  passed over in answers: ia-malformed 2

uplink6 ignored: link-unknown 1`,
  );
});

test("every state of the client has words of its own, and routers are told with their flags", () => {
  const said = Object.keys(TRANSITIONS).map(
    (state) => uplink6Lines({ service: "uplink6", uplinks: [{ ...UPLINK, state, lease: null }], ignored: {} })[1],
  );
  assert.equal(new Set(said).size, said.length);
  assert.ok(said.every((line) => line !== undefined && line.split(" ").length > 4));
  const router = { router: "fe80::1", managed: true, otherConfiguration: false, prefersDelegation: true, lifetimeSeconds: 1800, heardAt: EARLY };
  const routers = [router, { ...router, router: "fe80::2", managed: false, prefersDelegation: false, lifetimeSeconds: 0, heardAt: null }];
  const lines = uplink6Lines({
    service: "uplink6",
    uplinks: [{ ...UPLINK, lease: null, routers: routers as unknown as Uplink6LinkView["routers"] }],
    ignored: {},
  });
  assert.ok(lines.includes(`  fe80::1 advertises: a default router for 1800 s; flags: M and P; heard at ${EARLY}`), lines.join("\n"));
  assert.ok(lines.includes("  fe80::2 advertises: no default router; flags: none"));
});

test("nothing of network origin reaches a terminal unescaped", () => {
  const nasty = "\u001b]0;x\u0007\n  forged line";
  const lease = { ...LEASE, serverName: nasty, searchDomains: [nasty], nameServers: [nasty], options: { [nasty]: [nasty] } } as unknown as Lease6View;
  const main = { configuration: "f", generation: 1, startedAt: EARLY, logLevel: "info", pid: 1, services: [], roles: [], refused: {}, lacking: [] };
  const shown: Shown = { main, uplink6: { service: "uplink6", uplinks: [{ ...UPLINK, lease }], ignored: {} } };
  const text = sentences(shown);
  assert.doesNotMatch(text, /[\u001b\u0007]/);
  assert.doesNotMatch(text, /^ {2}forged/m);
});
