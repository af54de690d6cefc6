/** Who gets which map: networks, rules and ports, for both families of addresses alike (RFC 4291 §2.5.5.2 for mapped ones). */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Ipv6Address } from "../../../src/base/ipv6.ts";
import { accessOf, MapRules, mayAsk } from "../../../src/services/directory/access.ts";
import { type AccessRule, STANDARD_YP_MAPS, YP_MAPS, type YpConfig } from "../../../src/services/directory/config.ts";
import { call, CONFIG, connect, resultIn, textOf, user, utf8, world } from "./world.ts";

const YP: YpConfig = {
  listen: ["127.0.0.1"],
  port: 0,
  register: "none",
  binding: false,
  maps: STANDARD_YP_MAPS,
  allow: ["192.0.2.0/24", "2001:db8::/32"],
  rules: [],
};
/** The same host in both families. */
const HOSTS = ["::ffff:192.0.2.7", "192.0.2.7", "2001:db8::7"];
const NETWORKS = ["192.0.2.0/24", "2001:db8::/32"];
const LOOPBACK = ["127.0.0.1", "::ffff:127.0.0.1", "::1"];

function serving(more: Partial<YpConfig>) {
  const self = world({ ...CONFIG, yp: { ...YP, ...more } });
  self.serving({ users: [user("ada", 2001), user("bob", 2002)] });
  const match = (from: string, map: string, port = 700) => {
    const payload = call("match", { domain: "home", map, key: utf8("ada") });
    const answer = self.service.datagram("yp", { from: from as Ipv6Address, port, payload });
    return answer === undefined ? "silence" : resultIn("match", answer).status;
  };
  const list = (from: string, port = 700) => {
    const payload = call("mapList", "home");
    const answer = self.service.datagram("yp", { from: from as Ipv6Address, port, payload });
    return answer === undefined ? [] : resultIn("mapList", answer).maps;
  };
  return { ...self, match, list };
}

test("who stands in no network is not answered, over IPv4 and IPv6 alike; loopback always may ask (§5.7)", () => {
  const { match } = serving({});
  for (const from of [...HOSTS, ...LOOPBACK]) assert.equal(match(from, "passwd.byname"), "true", from);
  for (const from of ["198.51.100.7", "::ffff:198.51.100.7", "2001:db9::7", "::ffff:c633:6407", ""])
    assert.equal(match(from, "passwd.byname"), "silence", from);
  assert.equal(mayAsk(accessOf(["192.0.2.1", "2001:db8::1"]), "::ffff:192.0.2.1"), true);
  assert.equal(mayAsk(accessOf(["192.0.2.1", "2001:db8::1"]), "2001:db8::2"), false);
});

test("the first rule that fits decides, for IPv4, mapped IPv4 and IPv6 alike, over UDP and TCP (§5.7, §8.3)", () => {
  const rules: readonly AccessRule[] = [
    { networks: NETWORKS, maps: ["group.*"], security: "deny" },
    { networks: [], maps: ["passwd.byuid"], security: "deny" },
    { networks: NETWORKS, maps: ["passwd.*"], security: "none" },
    { networks: [], maps: ["*"], security: "none" },
  ];
  const { service, match, list } = serving({ rules });
  for (const from of HOSTS) {
    assert.equal(match(from, "passwd.byname"), "true", from);
    assert.equal(match(from, "group.byname"), "noMap", from);
    assert.equal(match(from, "passwd.byuid"), "noMap", from);
    assert.deepEqual(list(from), ["passwd.byname", "netid.byname"], from);
    const client = connect(service, { peer: from });
    client.sendRecord(call("match", { domain: "home", map: "group.byname", key: utf8("x") }));
    assert.equal(resultIn("match", client.records()[0] ?? new Uint8Array(0)).status, "noMap", `${from} over TCP`);
  }
  for (const from of LOOPBACK) {
    assert.equal(match(from, "group.byname"), "noKey", from);
    assert.equal(match(from, "passwd.byuid"), "noMap", from);
  }
});

test("security port gives a map to ports of root only, and 0 is none of them (§5.7)", () => {
  const { match, list } = serving({ rules: [{ networks: NETWORKS, maps: ["passwd.byname"], security: "port" }] });
  for (const from of HOSTS) {
    assert.equal(match(from, "passwd.byname", 1023), "true", from);
    assert.equal(match(from, "passwd.byname", 1024), "noMap", from);
    assert.equal(match(from, "passwd.byname", 0), "noMap", from);
    assert.equal(list(from, 40_000).includes("passwd.byname"), false);
  }
  assert.equal(match("127.0.0.1", "passwd.byname", 40_000), "true", "the rule is of other networks");
});

test("master.passwd.* leave this machine only by a rule that names a network, to a port of root (§5.7, defect 18)", () => {
  const maps = YP_MAPS;
  const secret = "master.passwd.byname";
  const denied: readonly (readonly AccessRule[])[] = [
    [],
    [{ networks: [], maps: ["*"], security: "none" }],
    [{ networks: NETWORKS, maps: ["master.passwd.*"], security: "none" }],
    [{ networks: [], maps: ["master.passwd.*"], security: "port" }],
  ];
  for (const rules of denied) {
    const { match } = serving({ maps, rules });
    for (const from of HOSTS) assert.equal(match(from, secret), "noMap", JSON.stringify(rules));
    for (const from of LOOPBACK) assert.equal(match(from, secret), "true", JSON.stringify(rules));
  }
  const { match } = serving({ maps, rules: [{ networks: NETWORKS, maps: ["master.passwd.*"], security: "port" }] });
  for (const from of HOSTS) assert.deepEqual([match(from, secret, 600), match(from, secret, 6000)], ["true", "noMap"], from);
});

test("maps that are not provided are not there, neither in the list nor for who knows their names (§5.2, defect 18)", () => {
  const { match, list } = serving({ maps: ["passwd.byname"] });
  assert.deepEqual(list("127.0.0.1"), ["passwd.byname"]);
  assert.equal(match("127.0.0.1", "passwd.byname"), "true");
  for (const map of ["passwd.byuid", "group.byname", "master.passwd.byname", "ypservers"]) assert.equal(match("127.0.0.1", map), "noMap", map);
});

test("master.passwd.* have ten fields, passwd.* seven, and a hash is in maps of root alone; ypservers names this host (§4.1, defect 20)", () => {
  const self = world({ ...CONFIG, yp: { ...YP, maps: YP_MAPS } });
  self.serving({ users: [user("ada", 2001, { password: "$6$salt$hash" })] });
  const all = (map: string): string => {
    const client = connect(self.service);
    client.sendRecord(call("all", { domain: "home", map }));
    return textOf(client.records()[0] ?? new Uint8Array(0));
  };
  for (const map of ["passwd.byname", "passwd.byuid"]) assert.match(all(map), /ada:\*:2001:2000:User ada:\/home\/ada:\/bin\/sh/);
  for (const map of ["master.passwd.byname", "master.passwd.byuid"])
    assert.match(all(map), /ada:\$6\$salt\$hash:2001:2000::0:0:User ada:\/home\/ada:\/bin\/sh/);
  for (const map of YP_MAPS) assert.equal(all(map).includes("hash"), /^(?:master|shadow)/.test(map), map);
  assert.match(all("ypservers"), /gateway/);
});

test("a star stands for any text, and everything else for itself", () => {
  const open = new MapRules([{ networks: [], maps: ["*.byname", "group.by?id"], security: "deny" }]);
  const may = (map: string) => open.mayRead(map, { peer: "127.0.0.1", port: 1 });
  assert.deepEqual([may("passwd.byname"), may("passwdXbyname"), may("group.bygid"), may("passwd.byuid")], [false, true, true, true]);
});

test("what is too old is served no more, and again once something new came (U8)", () => {
  const self = world({ ...CONFIG, maxStaleSeconds: 3600, intervalSeconds: 7200 });
  self.serving({ users: [user("ada", 2001)] });
  const domain = () => {
    const client = connect(self.service);
    client.sendRecord(call("domain", "home"));
    return resultIn("domain", client.records()[0] ?? new Uint8Array(0));
  };
  assert.equal(domain(), true);
  self.pass(3601);
  assert.equal(domain(), false);
  self.pass(3700);
  self.give({ users: [user("ada", 2001)] });
  assert.equal(domain(), true);
});
