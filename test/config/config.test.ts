/** The configuration: every error at once with its place and a hint, and what is printed is what was understood. */
import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { CONFIG_OPTIONS } from "../../src/config/options.ts";
import { printConfig } from "../../src/config/print.ts";
import { printProblem, readConfig, readConfigFile } from "../../src/config/read.ts";
import { type Config, schema } from "../../src/config/schema.ts";
import type { Problem } from "../../src/config/toml.ts";

function configOf(text: string): Config {
  const result = readConfig(text);
  assert.ok("config" in result, "problems" in result ? result.problems.map((one) => one.message).join("; ") : "");
  return result.config;
}
/** What `leasehold check` prints for a configuration. */
function printed(text: string): string {
  const result = readConfig(text);
  assert.ok("file" in result);
  return printConfig(result.file);
}
function problemsOf(text: string): readonly Problem[] {
  const result = readConfig(text);
  assert.ok("problems" in result);
  return result.problems;
}

test("one empty block is a whole configuration", () => {
  const [only] = configOf("[uplink4.eth0]\n").uplink4?.interfaces ?? [];
  assert.equal(only?.name, "eth0");
  assert.equal(only?.retransmitSeconds, 4);
});
test("what is printed is read as the same configuration", () => {
  const text =
    '[uplink4."wan.7"]\nhost_name = ""\nclient_id = "FF:00:01"\nretransmit_seconds = 1.5\nignore_servers = ["192.0.2.1", "192.0.2.2"]\n[uplink4.eth1]\nhost_name = "gw"\n';
  const config = configOf(text);
  assert.deepEqual(configOf(printed(text)), config);
  assert.equal(config.uplink4?.interfaces[0]?.clientId, "ff0001");
});
test("all errors are told at once, each where it stands", () => {
  const problems = problemsOf(
    '[uplink4.eth0]\nhost_nam = "gw"\nretransmit_seconds = 0\n\n[uplink4.eth1]\nignore_servers = ["192.0.2.1", "300.0.0.1"]\nclient_id = "x"\n',
  );
  assert.deepEqual(
    problems.map(({ line, column }) => [line, column]),
    [
      [2, 1],
      [3, 1],
      [6, 32],
      [7, 1],
    ],
  );
  assert.match(problems[0]?.hint ?? "", /did you mean "host_name"/);
  assert.ok(problems.every(({ hint }) => hint.length > 0));
});
test("text that is not TOML is told with its place", () => {
  const [problem] = problemsOf("[uplink4.eth0\nx = 1\n");
  assert.equal(problem?.line, 2);
  assert.match(problem?.message ?? "", /not TOML/);
});
test("nothing configured is an error, not an idle program", () => assert.match(problemsOf("")[0]?.message ?? "", /nothing is configured/));
for (const name of ["a name", "x/y", "sixteen-letters-"])
  test(`"${name}" is no name of an interface`, () => assert.match(problemsOf(`[uplink4."${name}"]\n`)[0]?.message ?? "", /no name of an interface/));
test("a problem is printed as file:line:column with a hint below", () => {
  assert.equal(printProblem("f.toml", { line: 2, column: 3, message: "m", hint: "h" }), "f.toml:2:3: m\n  hint: h");
});
test("a file that others may write is refused", () => {
  const file = join(mkdtempSync(join(tmpdir(), "leasehold-config-")), "l.toml");
  writeFileSync(file, "[uplink4.eth0]\n");
  chmodSync(file, 0o644);
  assert.ok("config" in readConfigFile(file));
  for (const mode of [0o664, 0o646]) {
    chmodSync(file, mode);
    const result = readConfigFile(file);
    assert.ok("problems" in result && /others may write/.test(result.problems[0]?.message ?? ""));
  }
});
test("a file that is not there is told with what to do", () => {
  const result = readConfigFile("/nowhere/leasehold.toml");
  assert.ok("problems" in result && /-f/.test(result.problems[0]?.hint ?? ""));
});
test("docs/options.md says of every key what the table in code says, and names no other key", () => {
  const rows = readFileSync(new URL("../../docs/options.md", import.meta.url), "utf8")
    .split("\n")
    .filter((line) => line.startsWith("| `"));
  assert.deepEqual(
    rows,
    Object.entries(CONFIG_OPTIONS).map(([key, { takes, standard, help }]) => `| \`${key}\` | ${takes} | ${standard} | ${help} |`),
  );
});
test("every key of the schema is in the table, and no other", () => {
  const known = new Set(Object.keys(CONFIG_OPTIONS));
  const inSchema = new Set(keysOf(schema, []).filter((key) => key !== ""));
  assert.deepEqual([...inSchema].toSorted(), [...known].toSorted());
});
test("a wrong value of a key is told with what the key takes, an unknown key with its nearest neighbours", () => {
  const [problem] = problemsOf("[lan.lan0]\ndhcpv6 = 7\n");
  assert.match(problem?.hint ?? "", /^dhcpv6 takes "server", "relay" or "off"/);
  const [unknown] = problemsOf('[lan.lan0]\ndhcp6 = "server"\n');
  assert.match(unknown?.hint ?? "", /did you mean "dhcpv6"/);
});

/** The dotted keys of a zod schema, as optionKey writes them. */
function keysOf(kind: unknown, path: readonly string[]): readonly string[] {
  const { def } = kind as { readonly def: Readonly<Record<string, unknown>> & { readonly type: string } };
  const own = path.join(".");
  switch (def.type) {
    case "object":
      return [own, ...Object.entries(def["shape"] as Readonly<Record<string, unknown>>).flatMap(([key, inner]) => keysOf(inner, [...path, key]))];
    case "record":
      return [own, ...keysOf(def["valueType"], path)];
    case "array":
      return [own, ...keysOf(def["element"], path).filter((key) => key !== own)];
    case "union":
      return [own, ...(def["options"] as readonly unknown[]).flatMap((one) => keysOf(one, path)).filter((key) => key !== own)];
    case "optional":
    case "default":
    case "prefault":
      return [own, ...keysOf(def["innerType"], path).filter((key) => key !== own)];
    default:
      return [own];
  }
}
