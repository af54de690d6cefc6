/** `leasehold plan`: the picture and what stands below it, the numbers as JSON, and how the command ends. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { type Ipv6Address, type Ipv6Prefix, ipv6Covers, splitIpv6Prefix } from "../../src/base/ipv6.ts";
import type { MacAddress } from "../../src/base/mac.ts";
import { planned } from "../../src/cli/plan.ts";
import { COLOURED, PLAIN, planLines } from "../../src/cli/plan/drawing.ts";
import { type DelegationPlan, planOf, type Question } from "../../src/cli/plan/view.ts";
import { type delegation, type PlanTarget, type Uplink6Interface, uplink6 } from "../../src/services/uplink6/config.ts";
import { bundled } from "../support/bundled.ts";

const ASKED: Question = { prefix: undefined, excluded: undefined, hardwareAddresses: new Map([["lan5", "00:25:96:12:34:56" as MacAddress]]) };
const target = (name: string | undefined, prefixLength = 64, hostPart = "::1"): PlanTarget => ({
  ...{ interface: name, prefixLength, hostPart: hostPart as PlanTarget["hostPart"] },
});
const wan = (...targets: readonly PlanTarget[]): Uplink6Interface => uplink6("wan0", [{ iaid: 7, targets }]);
const question = (prefix: string, excluded?: string): Question => ({
  ...ASKED,
  prefix: prefix as Ipv6Prefix,
  excluded: excluded as Ipv6Prefix | undefined,
});
const drawn = (uplink: Uplink6Interface, asked = ASKED): readonly string[] => planLines([planOf(uplink, asked)], PLAIN);

test("each target has a letter in the picture, and below it its piece and our address in it", () => {
  const house = wan(
    target("lan0"),
    target("lan1", 60),
    target(undefined),
    target("lan5", 64, "eui64"),
    target("lan7", 64, "eui64"),
    target("lan8", 64, "stable"),
  );
  assert.deepEqual(drawn(house), [
    "wan0, IA_PD 7: asks for a prefix of 58 bits for 6 targets.",
    "With 2001:db8::/58 each has its place:",
    "",
    "  2001:db8::/58",
    "  |a...............bbbbbbbbbbbbbbbb=def............................|",
    "",
    "  a lan0     2001:db8::/64       2001:db8::1",
    "  b lan1     2001:db8:0:10::/60  2001:db8:0:10::1",
    "  = reserve  2001:db8:0:20::/64",
    "  d lan5     2001:db8:0:21::/64  2001:db8:0:21:225:96ff:fe12:3456",
    "  e lan7     2001:db8:0:22::/64",
    "             our address is made of its hardware address when it is there",
    "  f lan8     2001:db8:0:23::/64",
    "             our address is made by the running program alone (RFC 7217)",
    "",
    "  free: 2001:db8:0:1::/64, 2001:db8:0:2::/63, 2001:db8:0:4::/62,",
    "        2001:db8:0:8::/61, 2001:db8:0:24::/62, 2001:db8:0:28::/61, and 1 more",
  ]);
});

test("of a prefix that is much larger than what is used, the used part is drawn again; what is excluded has its own mark (RFC 6603)", () => {
  assert.deepEqual(drawn(wan(target("lan0"), target("lan1")), question("2001:db8:1200::/56", "2001:db8:1200:80::/59")), [
    "wan0, IA_PD 7: asks for a prefix of 63 bits for 2 targets.",
    "With 2001:db8:1200::/56 each has its place:",
    "",
    "  2001:db8:1200::/56",
    "  |+...............................########........................|",
    "  2001:db8:1200::/63",
    `  |${"a".repeat(32)}${"b".repeat(32)}|`,
    "",
    "  a lan0  2001:db8:1200::/64     2001:db8:1200::1",
    "  b lan1  2001:db8:1200:1::/64   2001:db8:1200:1::1",
    "  #       2001:db8:1200:80::/59",
    "          kept for the link it came over (RFC 6603)",
    "",
    "  free: 2001:db8:1200:2::/63, 2001:db8:1200:4::/62, 2001:db8:1200:8::/61,",
    "        2001:db8:1200:10::/60, 2001:db8:1200:20::/59, 2001:db8:1200:40::/58,",
    "        and 2 more",
  ]);
});

test("who gets nothing is told with the reason, and so is the link the prefix came over", () => {
  const lines = drawn(wan(target("lan0"), target("wan0"), target("lan1")), question("2001:db8:0:8::/63"));
  assert.equal(lines[1], "With 2001:db8:0:8::/63, 2 of them get nothing:");
  assert.deepEqual(lines.slice(8, 11), [
    "  a lan0  2001:db8:0:8::/64  2001:db8:0:8::1",
    "    wan0  nothing: this is the link the prefix came over (RFC 9915 §18.2.10.1)",
    "    lan1  nothing: the prefix ends before its place",
  ]);
  const kept = drawn(wan(target("lan0"), target("wan0")), question("2001:db8::/56", "2001:db8:0:ff::/64"));
  assert.ok(kept.includes("  b wan0  2001:db8:0:ff::/64  2001:db8:0:ff::1"), kept.join("\n"));
});

test("without a prefix the hint is drawn, else an example, of the length that is asked for", () => {
  const of = (given: Parameters<typeof delegation>[0]): DelegationPlan | undefined => planOf(uplink6("wan0", [given]), ASKED).delegations[0];
  const one = { iaid: 1, targets: [target("lan0")] };
  assert.equal(of(one)?.prefix, "2001:db8::/64");
  assert.equal(of({ ...one, prefixLength: 56 })?.prefix, "2001:db8::/56");
  assert.equal(of({ ...one, prefixLength: 56, hint: "2001:db8:7700::" as Ipv6Address })?.prefix, "2001:db8:7700::/56");
});

test("an uplink with an address of its own, or with nothing but information to ask for, says so", () => {
  assert.deepEqual(drawn(uplink6("wan0", [])), ["wan0 asks for other information only."]);
  assert.deepEqual(drawn(uplink6("wan0", [], { addressIaid: 5 })), ["wan0 asks for an address of its own, IA_NA 5."]);
});

test("names are escaped, and colours change nothing but colours", () => {
  const lines = planLines([planOf(uplink6("w\u001b[31m", [{ iaid: 1, targets: [target("l\u202ean")] }]), ASKED)], PLAIN).join("\n");
  assert.match(lines, /^w\\u\{1b\}\[31m, IA_PD 1/);
  assert.match(lines, /a l\\u\{202e\}an {2}2001/);
  assert.doesNotMatch(lines, /[\u001b\u202e]/);
  const house = planOf(wan(target("lan0"), target("lan1", 60), target(undefined)), ASKED);
  const coloured = planLines([house], COLOURED).join("\n");
  assert.ok(coloured.includes("\u001b[31ma\u001b[0m"));
  assert.equal(coloured.replace(/\u001b\[\d+m/g, ""), planLines([house], PLAIN).join("\n"));
});

const targets = fc.array(
  fc.record({ name: fc.option(fc.stringMatching(/^[a-z][a-z0-9.]{0,14}$/), { nil: undefined }), length: fc.integer({ min: 48, max: 128 }) }),
  { minLength: 1, maxLength: 70 },
);
const sizeOf = (prefix: Ipv6Prefix): bigint => 1n << BigInt(128 - splitIpv6Prefix(prefix).prefixLength);

test("whatever is asked, no line is wider than 80 columns, each bar has 64 cells, and what is drawn free nobody has", () => {
  fc.assert(
    fc.property(targets, fc.integer({ min: 40, max: 70 }), fc.boolean(), (list, length, excluding) => {
      const long = `2001:db8:ffff:ffff:ffff:ffff:ffff:ffff/${length}`;
      const address = splitIpv6Prefix(long as Ipv6Prefix).address;
      const prefix = (length % 2 === 0 ? `2001:db8::/${length}` : undefined) as Ipv6Prefix | undefined;
      const excluded = excluding && prefix !== undefined ? (`2001:db8::/${length + 3}` as Ipv6Prefix) : undefined;
      const config = uplink6("wan0", [{ iaid: 0xffffffff, targets: list.map((one) => target(one.name, one.length, address)) }]);
      const plan = planOf(config, { ...ASKED, prefix, excluded });
      const lines = planLines([plan], PLAIN);
      for (const line of lines) assert.ok(line.length <= 80, line);
      const bars = lines.filter((line) => line.startsWith("  |"));
      assert.ok(bars.length === 1 || bars.length === 2);
      for (const bar of bars) assert.equal(bar.length, 2 + 64 + 2);
      const [one] = plan.delegations;
      assert.ok(one !== undefined);
      const used = [...one.targets.map(({ subnet }) => subnet), one.excluded].filter((subnet) => subnet !== null);
      for (const free of one.free)
        assert.ok(ipv6Covers(one.prefix, free) && !used.some((other) => ipv6Covers(other, free) || ipv6Covers(free, other)), free);
      const sum = [...one.free, ...used].reduce((sum, part) => sum + sizeOf(part), 0n);
      assert.equal(sum, sizeOf(one.prefix), "and all of it is told");
    }),
  );
});

const root = join(dirname(fileURLToPath(import.meta.url)), "../..");
const folder = mkdtempSync(join(tmpdir(), "plan-"));
after(() => rmSync(folder, { recursive: true }));
function fileOf(text: string): string {
  const path = join(folder, "leasehold.toml");
  writeFileSync(path, text);
  chmodSync(path, 0o600);
  return path;
}
const PROGRAM = [process.execPath, bundled("src/cli/leasehold.ts"), "plan"];
const HOUSE = '[uplink6.wan0]\ndelegate = [ { iaid = 7, to = ["lan0", "lan1"] } ]\n[uplink6.wan1]\naddress = { iaid = 3 }\n';

test("all uplinks of the configuration are drawn, or one of them, with any prefix, or their numbers are printed", () => {
  const file = fileOf(HOUSE);
  const all = planned(undefined, { file }, PLAIN);
  assert.equal(all.code, 0, all.text);
  assert.match(all.text, /^wan0, IA_PD 7: asks for a prefix of 63 bits/);
  assert.match(all.text, /\n\nwan1 asks for an address of its own, IA_NA 3\.$/);
  const one = planned("wan0", { file, prefix: "2001:db8:ab00::/40", exclude: "2001:db8:ab00::/64", json: true }, PLAIN);
  const { uplinks } = JSON.parse(one.text);
  assert.equal(uplinks.length, 1);
  assert.deepEqual(uplinks[0].delegations[0].targets[1], {
    ...{ interface: "lan1", prefixLength: 64, hostPart: "::1", subnet: "2001:db8:ab00:2::/64", address: "2001:db8:ab00:2::1", reason: null },
  });
});

test("exit codes: 2 with all errors of the configuration or with an option that is none, 3 for an uplink that is not there", () => {
  const wrong = fileOf('[uplink6.wan0]\npace = "slow"\ndelegate = [ { to = ["lan0/200"] } ]\n');
  const told = planned(undefined, { file: wrong }, PLAIN);
  assert.equal(told.code, 2);
  assert.deepEqual(told.text.match(/toml:\d+:/g), ["toml:2:", "toml:3:"]);
  const asJson = planned(undefined, { file: wrong, json: true }, PLAIN);
  assert.deepEqual([asJson.code, asJson.stream, JSON.parse(asJson.text).problems.length], [2, 1, 2]);
  assert.equal(planned(undefined, { file: join(folder, "nothing.toml") }, PLAIN).code, 2);
  const file = fileOf(HOUSE);
  const ended = (options: object): string => {
    const { code, text } = planned(undefined, { file, ...options }, PLAIN);
    return `${code} ${text}`;
  };
  assert.match(ended({ prefix: "2001:db8::" }), /^2 --prefix 2001:db8::: this is no IPv6 prefix\n {2}hint: /);
  assert.match(ended({ exclude: "\u001b/64" }), /^2 --exclude \\u\{1b\}\/64: this is no IPv6 prefix\n {2}hint: /);
  assert.match(ended({ exclude: "2001:db8:1::/64" }), /^2 --exclude 2001:db8:1::\/64: this is no part of 2001:db8::\/63\n {2}hint: /);
  assert.match(ended({ prefix: "2001:db8::/56", exclude: "2001:db8::/56" }), /^2 /);
  assert.equal(planned("wan7", { file }, PLAIN).code, 3);
  assert.equal(planned(undefined, { file: fileOf("[uplink4.wan0]\n") }, PLAIN).code, 3);
});

const command = [...PROGRAM, "-f", fileOf(HOUSE)];

test("the command prints it, without colours where there is no terminal", () => {
  fileOf(HOUSE);
  const [program = "", ...args] = command;
  const { status, stdout, stderr } = spawnSync(program, args, { cwd: root, encoding: "utf8" });
  assert.equal(status, 0, stderr);
  assert.match(stdout, /^wan0, IA_PD 7/);
  assert.ok(!stdout.includes("\u001b"));
});

test("on a terminal there are colours, unless NO_COLOR is set", {
  skip: spawnSync("script", ["--version"]).status !== 0 && "no program script",
}, () => {
  fileOf(HOUSE);
  const onTerminal = (environment: Readonly<Record<string, string>>): string => {
    const { PATH = "" } = process.env;
    const quoted = command.map((word) => `'${word}'`).join(" ");
    return spawnSync("script", ["-qec", quoted, "/dev/null"], { cwd: root, encoding: "utf8", env: { PATH, TERM: "xterm-256color", ...environment } })
      .stdout;
  };
  const coloured = onTerminal({});
  assert.match(coloured, /IA_PD 7/);
  assert.ok(coloured.includes("\u001b[31ma"), coloured);
  const plain = onTerminal({ NO_COLOR: "1" });
  assert.match(plain, /IA_PD 7/);
  assert.ok(!plain.includes("\u001b"));
});
