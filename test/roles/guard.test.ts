/** Main's wall: what an engine may ask for, judged field by field. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Ipv4Address, Ipv4Prefix } from "../../src/base/ipv4.ts";
import { GUARDED, type Known, refusal } from "../../src/roles/main/guard.ts";

type Request = Parameters<typeof refusal>[0];
const GENERATION = 7;
const known: Known = {
  generation: GENERATION,
  interfaces: new Set(["wan0", "wan1"]),
  nameOfLink: (link) => ({ 1: "lo", 3: "wan0", 4: "lan0" })[link],
  served: new Map([
    ["wan0", 3],
    ["gone0", 9],
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

const SOUND: { readonly [K in (typeof GUARDED)[number]]: Extract<Request, { kind: K }>["body"] } = {
  openPacketSocket: { link: 3, name: "wan0" },
  closePacketSocket: { link: 3, name: "wan0" },
  configureUplink: uplink,
  deconfigureUplink: { link: 3, name: "wan0" },
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
for (const kind of ["openPacketSocket", "closePacketSocket", "configureUplink", "deconfigureUplink"] as const) {
  test(`${kind}: a configured name with another link's index is refused`, () =>
    assert.equal(refusal(request(kind, { link: 4 }), known), `${kind}.link`));
  test(`${kind}: an index without a link is refused`, () => assert.equal(refusal(request(kind, { link: 77 }), known), `${kind}.link`));
}
for (const kind of ["openPacketSocket", "configureUplink", "saveLease", "forgetLease"] as const) {
  test(`${kind}: a request that knows only an older configuration is refused`, () =>
    assert.equal(refusal(request(kind, {}, GENERATION - 1), known), `${kind}.generation`));
  test(`${kind}: a request from a configuration that does not exist is refused`, () =>
    assert.equal(refusal(request(kind, {}, GENERATION + 1), known), `${kind}.generation`));
}
for (const kind of ["closePacketSocket", "deconfigureUplink"] as const) {
  test(`${kind}: what was served may be taken away although it is configured no longer`, () =>
    assert.equal(refusal(request(kind, { name: "gone0", link: 9 }, GENERATION - 1), known), undefined));
  test(`${kind}: what is configured but was never served is refused`, () =>
    assert.equal(refusal(request(kind, { name: "wan1" }), known), `${kind}.name`));
}
for (const address of ["0.0.0.0", "127.0.0.1", "224.0.0.1", "255.255.255.255", "240.0.0.1"]) {
  test(`configureUplink: ${address} is no address for a host`, () =>
    assert.equal(refusal(request("configureUplink", { address: ip(address) }), known), "configureUplink.address"));
  const routes = [{ destination: net("0.0.0.0/0"), gateway: ip(address) }];
  const verdict = address === "0.0.0.0" ? undefined : "configureUplink.routes";
  test(`configureUplink: a route via ${address} is ${verdict === undefined ? "on the link" : "refused"}`, () =>
    assert.equal(refusal(request("configureUplink", { routes }), known), verdict));
}
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
  test(`saveLease: a record with ${what} is refused`, () =>
    assert.equal(refusal(request("saveLease", { record: new TextEncoder().encode(text) }), known), "saveLease.record"));
}
