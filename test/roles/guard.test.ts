/** Main's wall: what an engine may ask for, judged field by field. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Ipv4Address, Ipv4Prefix } from "../../src/base/ipv4.ts";
import { type Ipv6Address, parseIpv6 } from "../../src/base/ipv6.ts";
import { type Known, refusal, UPLINK4_REQUESTS, UPLINK6_REQUESTS } from "../../src/roles/main/guard.ts";

const GUARDED = [...new Set([...UPLINK4_REQUESTS, ...UPLINK6_REQUESTS])] as const;
type Request = Parameters<typeof refusal>[0];
const GENERATION = 7;
const known: Known = {
  generation: GENERATION,
  configured: (name) => (["wan0", "wan1"].includes(name) ? "by-name" : name.startsWith("usb") ? "by-pattern" : undefined),
  nameOfLink: (link) => ({ 1: "lo", 3: "wan0", 4: "lan0", 5: "usb0", 6: "usb1" })[link],
  served: new Map([
    ["wan0", 3],
    ["gone0", 9],
    ["usb0", 5],
  ]),
};
const ip = (text: string): Ipv4Address => text as Ipv4Address;
const net = (text: string): Ipv4Prefix => text as Ipv4Prefix;
const record = new TextEncoder().encode('{"version":1}\n');
const uplink = {
  link: 3,
  name: "wan0",
  address: ip("192.0.2.10"),
  prefixLength: 24,
  validSeconds: 3600,
  routes: [{ destination: net("0.0.0.0/0"), gateway: ip("192.0.2.1") }],
  mtuBytes: 0,
};

const facts = {
  link: 3,
  name: "wan0",
  nameServers: [ip("192.0.2.53"), ip("10.0.0.53")],
  searchDomains: ["home.example", "example.net"],
  hostName: "gw",
  record,
};

const facts6 = {
  link: 3,
  name: "wan0",
  nameServers: ["2001:db8::53", "fe80::1"] as readonly string[] as readonly Ipv6Address[],
  searchDomains: ["home.example"],
  record,
};
const SOUND: { readonly [K in (typeof GUARDED)[number]]: Extract<Request, { kind: K }>["body"] } = {
  openPacketSocket: { link: 3, name: "wan0" },
  closePacketSocket: { link: 3, name: "wan0" },
  configureUplink: uplink,
  deconfigureUplink: { link: 3, name: "wan0" },
  openArpSocket: { link: 3, name: "wan0", address: ip("192.0.2.10") },
  publishUplink: facts,
  publishUplink6: facts6,
  withdrawUplink: { link: 3, name: "wan0" },
  uplinkEvent: { name: "wan0", event: "bound", record },
  saveLease: { name: "wan0", record },
  forgetLease: { name: "wan0" },
};

const request = (kind: Request["kind"], change: object = {}, generation = GENERATION): Request =>
  ({ kind, generation, descriptors: [], body: { ...SOUND[kind], ...change } }) as unknown as Request;

for (const kind of GUARDED) {
  test(`${kind}: what the configuration allows is carried out`, () => assert.equal(refusal(request(kind), known), undefined));
  test(`${kind}: an interface outside the configuration is refused`, () =>
    assert.equal(refusal(request(kind, { name: "lan0" }), known), `${kind}.name`));
}
const PUT = ["openPacketSocket", "openArpSocket", "configureUplink", "publishUplink", "publishUplink6"] as const;
const TAKEN = ["closePacketSocket", "deconfigureUplink", "withdrawUplink"] as const;
for (const kind of [...PUT, ...TAKEN]) {
  test(`${kind}: a configured name with another link's index is refused`, () =>
    assert.equal(refusal(request(kind, { link: 4 }), known), `${kind}.link`));
  test(`${kind}: an index without a link is refused`, () => assert.equal(refusal(request(kind, { link: 77 }), known), `${kind}.link`));
}
for (const kind of [...PUT, "saveLease", "forgetLease"] as const) {
  test(`${kind}: a request that knows only an older configuration is refused`, () =>
    assert.equal(refusal(request(kind, {}, GENERATION - 1), known), `${kind}.generation`));
  test(`${kind}: a request from a configuration that does not exist is refused`, () =>
    assert.equal(refusal(request(kind, {}, GENERATION + 1), known), `${kind}.generation`));
}
for (const kind of PUT) {
  test(`${kind}: an interface that a pattern matches is served, on its own link only`, () => {
    assert.equal(refusal(request(kind, { name: "usb1", link: 6 }), known), undefined);
    assert.equal(refusal(request(kind, { name: "usb1", link: 5 }), known), `${kind}.link`);
  });
}
for (const kind of ["saveLease", "forgetLease"] as const)
  test(`${kind}: of names that a pattern matches only those that were served have files`, () => {
    assert.equal(refusal(request(kind, { name: "usb0" }), known), undefined);
    assert.equal(refusal(request(kind, { name: "usb1" }), known), `${kind}.name`);
    assert.equal(refusal(request(kind, { name: "wan1" }), known), undefined);
  });
for (const kind of TAKEN) {
  test(`${kind}: what was served may be taken away although it is configured no longer`, () =>
    assert.equal(refusal(request(kind, { name: "gone0", link: 9 }, GENERATION - 1), known), undefined));
  test(`${kind}: what is configured but was never served is refused`, () =>
    assert.equal(refusal(request(kind, { name: "wan1" }), known), `${kind}.name`));
}
test("uplinkEvent: what happened under an older configuration, or to an interface that is in it no longer, is told", () => {
  assert.equal(refusal(request("uplinkEvent", {}, GENERATION - 1), known), undefined);
  assert.equal(refusal(request("uplinkEvent", { name: "gone0", event: "stop" }), known), undefined);
  assert.equal(refusal(request("uplinkEvent", { name: "wan1", event: "preinit" }), known), undefined);
});
for (const address of ["0.0.0.0", "127.0.0.1", "224.0.0.1", "255.255.255.255", "240.0.0.1"]) {
  test(`configureUplink: ${address} is no address for a host`, () =>
    assert.equal(refusal(request("configureUplink", { address: ip(address) }), known), "configureUplink.address"));
  const routes = [{ destination: net("0.0.0.0/0"), gateway: ip(address) }];
  const verdict = address === "0.0.0.0" ? undefined : "configureUplink.routes";
  test(`configureUplink: a route via ${address} is ${verdict === undefined ? "on the link" : "refused"}`, () =>
    assert.equal(refusal(request("configureUplink", { routes }), known), verdict));
}
for (const address of ["0.0.0.0", "127.0.0.1", "224.0.0.1", "255.255.255.255"]) {
  test(`openArpSocket: nobody has ${address}, and nobody is listened to about it`, () =>
    assert.equal(refusal(request("openArpSocket", { address: ip(address) }), known), "openArpSocket.address"));
  test(`publishUplink: ${address} answers no questions`, () =>
    assert.equal(refusal(request("publishUplink", { nameServers: [ip("192.0.2.53"), ip(address)] }), known), "publishUplink.nameServers"));
}
for (const address of ["169.254.7.9", "10.0.0.1"])
  test(`openArpSocket: ${address} may be somebody's`, () =>
    assert.equal(refusal(request("openArpSocket", { address: ip(address) }), known), undefined));
for (const name of [
  "",
  ".",
  "home example",
  "home.example.",
  "a\nnameserver 192.0.2.66",
  "-x",
  "\u001b[2J",
  "b\u00fccher.example",
  `${"a".repeat(64)}.example`,
]) {
  test(`publishUplink: ${JSON.stringify(name)} is searched by no resolver`, () =>
    assert.equal(refusal(request("publishUplink", { searchDomains: ["home.example", name] }), known), "publishUplink.searchDomains"));
  if (name !== "")
    test(`publishUplink: ${JSON.stringify(name)} names no host`, () =>
      assert.equal(refusal(request("publishUplink", { hostName: name }), known), "publishUplink.hostName"));
}
test("publishUplink: a server may give nothing at all", () =>
  assert.equal(refusal(request("publishUplink", { nameServers: [], searchDomains: [], hostName: "" }), known), undefined));
for (const prefixLength of [0, 33, 255])
  test(`configureUplink: prefix length ${prefixLength} is refused`, () =>
    assert.equal(refusal(request("configureUplink", { prefixLength }), known), "configureUplink.prefixLength"));
test("configureUplink: a lifetime of nothing is refused", () =>
  assert.equal(refusal(request("configureUplink", { validSeconds: 0 }), known), "configureUplink.validSeconds"));
for (const [what, text] of [
  ["no JSON object", "hello\n"],
  ["a control character", '{"a":"\u001b[2J"}\n'],
  ["no final line break", '{"a":1}'],
  ["empty", ""],
] as const) {
  for (const kind of ["saveLease", "publishUplink", "uplinkEvent"] as const)
    test(`${kind}: a record with ${what} is refused`, () =>
      assert.equal(refusal(request(kind, { record: new TextEncoder().encode(text) }), known), `${kind}.record`));
}
for (const [what, text] of [
  ["a direction override", '{"a":"\u202e"}\n'],
  ["a control character above ASCII", '{"a":"\u009b2J"}\n'],
] as const)
  for (const kind of ["publishUplink", "uplinkEvent"] as const)
    test(`${kind}: a record with ${what} that is not escaped is refused`, () => {
      assert.equal(refusal(request(kind, { record: new TextEncoder().encode(text) }), known), `${kind}.record`);
      assert.equal(refusal(request(kind, { record: new TextEncoder().encode('{"a":"\\u202e"}\n') }), known), undefined);
    });
for (const address of ["::", "::1", "ff02::1", "ff05::1:3", "::ffff:192.0.2.53", "::192.0.2.53", "::ffff:c000:235"])
  test(`publishUplink6: ${address} answers no questions`, () =>
    assert.equal(
      refusal(request("publishUplink6", { nameServers: ["2001:db8::53", address].map((text) => parseIpv6(text)) }), known),
      "publishUplink6.nameServers",
    ));
for (const address of ["2001:db8::53", "fd00::53", "fe80::1", "64:ff9b::c000:235"])
  test(`publishUplink6: ${address} may answer questions`, () =>
    assert.equal(refusal(request("publishUplink6", { nameServers: [address] }), known), undefined));
