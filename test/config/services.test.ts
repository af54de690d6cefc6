/** What each service's tables become, and what is wrong between keys that are each right. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { printConfig } from "../../src/config/print.ts";
import { type ReadResult, readConfig } from "../../src/config/read.ts";
import type { Surroundings } from "../../src/config/surroundings.ts";

const machine: Surroundings = {
  readTrusted: (path) => (path === "/ca.pem" ? "PEM" : new Error(`${path} cannot be read: ENOENT`)),
  readSecret: (path) => (path === "/secret" ? "hush\n" : new Error(`group or others may read ${path}`)),
  readKey: (path) => (path === "/key.pem" ? "KEY" : new Error(`group or others may read ${path}`)),
  resolvers: () => ["192.0.2.53"],
  addressOf: (host) => (host === "ldap.test" ? "192.0.2.9" : undefined),
  localNames: () => ({ users: ["root"], groups: ["wheel"] }),
};
type Sound = Extract<ReadResult, { readonly config: unknown }>;
function read(text: string): Sound {
  const result = readConfig(text, { surroundings: machine });
  assert.ok("config" in result, "problems" in result ? result.problems.map((one) => `${one.line}: ${one.message}`).join("; ") : "");
  return result;
}
function problems(text: string): readonly string[] {
  const result = readConfig(text, { surroundings: machine });
  assert.ok("problems" in result, "it is refused");
  return result.problems.map(({ line, message }) => `${line}: ${message}`);
}
const DIRECTORY = '[directory]\ndomain = "home"\n[directory.source.main]\nserver = "ldap.test"\nbase = "dc=test"\n';

test("a service that is not named is not there", () => {
  const { config } = read("[lan.lan0]\n");
  assert.deepEqual([config.uplink4, config.uplink6, config.directory], [undefined, undefined, undefined]);
  assert.equal(config.lan?.interfaces.length, 1);
});

test("a delegation is told by its number, or by its first interface, whatever stands before it (clients B45)", () => {
  const iaids = (text: string): readonly number[] => read(text).config.uplink6?.[0]?.delegations.map(({ iaid }) => iaid) ?? [];
  const [first, second] = iaids('[uplink6.wan0]\ndelegate = [ { to = ["lan0"] }, { to = ["lan1/60", "reserve"] } ]\n');
  assert.deepEqual(iaids('[uplink6.wan0]\ndelegate = [ { to = ["lan1/60"] }, { to = ["lan0"] } ]\n'), [second, first]);
  assert.deepEqual(iaids('[uplink6.wan0]\ndelegate = [ { iaid = 7, to = ["lan0"] } ]\n'), [7]);
});

test("targets have a length of 64 bits unless one is given, and reserve holds a place", () => {
  const [uplink] = read('[uplink6.wan0]\ndelegate = [ { to = ["lan0", "lan1/60", "reserve/62"] } ]\n').config.uplink6 ?? [];
  assert.deepEqual(
    uplink?.delegations[0]?.targets.map(({ interface: name, prefixLength }) => [name, prefixLength]),
    [
      ["lan0", 64],
      ["lan1", 60],
      [undefined, 62],
    ],
  );
});

for (const [what, text, message] of [
  ["the same iaid twice", '[uplink6.wan0]\ndelegate = [ { iaid = 1, to = ["lan0"] }, { iaid = 1, to = ["lan1"] } ]\n', /same iaid/],
  ["a target that is none", '[uplink6.wan0]\ndelegate = [ { to = ["lan0/200"] } ]\n', /no interface with a prefix length/],
  ["a prefix for nobody", "[uplink6.wan0]\ndelegate = [ { to = [] } ]\n", /delegate/],
  ["a preferred lifetime beyond the valid one", "[lan.lan0]\npreferred_seconds = 7200\nvalid_seconds = 3600\n", /longer than the valid one/],
  ["a pool too small for what it delegates", '[lan.lan0]\nprefix_pool = "2001:db8::/60"\ndelegated_length = 56\n', /no prefix of delegated_length/],
  ["pools that overlap", '[lan.lan0]\nprefix_pool = "2001:db8::/56"\naddress_pool = "2001:db8::/64"\n', /overlap/],
  ["a relay without an uplink", '[lan.lan0]\ndhcpv6 = "relay"\n', /needs an uplink/],
  ["advertisements closer than RFC 4861 §6.2.1 has it", "[lan.lan0]\nra_min_seconds = 100\nra_max_seconds = 120\n", /three quarters/],
  ["two links of one name", '[lan.far]\n[relayed.far]\nlink = "2001:db8:5::/64"\n', /cannot be told from another link/],
  ["a directory without a source", '[directory]\ndomain = "home"\n[directory.source]\n', /no source/],
  ["a password in clear text", `${DIRECTORY}transport = "plain"\nbind_dn = "cn=x"\nbind_password_file = "/secret"\n`, /clear text/],
  ["a secret that others may read", `${DIRECTORY}bind_dn = "cn=x"\nbind_password_file = "/open"\n`, /others may read/],
  ["an authority that is not there", `${DIRECTORY}ca_file = "/none.pem"\n`, /cannot be read/],
] as const) {
  test(`refused: ${what}`, () => {
    const told = problems(text);
    assert.ok(
      told.some((line) => message.test(line)),
      told.join("; "),
    );
  });
}

test("files a directory names are read once, by whoever reads the configuration; what is printed names them and holds no secret", () => {
  const { config, file } = read(`${DIRECTORY}ca_file = "/ca.pem"\nbind_dn = "cn=x"\nbind_password_file = "/secret"\n`);
  const [source] = config.directory?.fetcher.sources ?? [];
  assert.deepEqual(
    [source?.trustedPem, source?.bindPassword, source?.servers[0]?.address, source?.servers[0]?.port],
    ["PEM", "hush", "192.0.2.9", 636],
  );
  assert.equal(JSON.stringify(config.directory?.engine).includes("hush"), false, "the engine is not told");
  assert.equal(printConfig(file).includes("hush"), false);
});

test("what is printed is read as the same configuration, for every service", () => {
  const text = `[uplink4.wan0]\n[uplink6.wan0]\nrapid_commit = true\ndelegate = [ { to = ["lan0", "reserve/60"] } ]\n[lan.lan0]\nprefix_pool = "2001:db8:100::/48"\nsearch = ["home.example"]\n[relayed.far]\nlink = "2001:db8:5::/64"\n${DIRECTORY}`;
  const { config, file } = read(text);
  assert.deepEqual(read(printConfig(file)).config, config);
});
