/** From the file to the answer: what an operator writes is what clients are told. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { DomainName } from "../../src/base/domain.ts";
import { decodeAll, encodeAll } from "../../src/base/codec.ts";
import { bytesOf } from "../../src/base/hex.ts";
import { readConfig } from "../../src/config/read.ts";
import { lanParts } from "../../src/roles/messages/lan.ts";
import { iaNa } from "../../src/wire/dhcp6/leases.ts";
import { encodeDhcp6 } from "../../src/wire/dhcp6/message.ts";
import type { Dhcp6Options } from "../../src/wire/dhcp6/options.ts";
import { addressIn, Bed, client, ip, relayed, SERVER, said } from "../services/lan/dhcp6-server/support.ts";

const FILE = `
[lan.lan0]
address_pool = ["2001:db8:1::1000-2001:db8:1::1fff", { pool = "2001:db8:1:0:1::/80", class = "phones" }]
dns = ["2001:db8:1::53"]
ntp = ["2001:db8:1::123", "time.example"]
captive_portal = "https://portal.example/api"
forced_options = [103]
boot = [{ architecture = 7, url = "tftp://[2001:db8:1::69]/boot.efi" }, { url = "tftp://[2001:db8:1::69]/other" }]

[relayed.far]
link = "2001:db8:2::/64"
timezone = "Europe/Berlin"

[class.phones]
tests = [{ option = 16, prefix = "phone" }]
dns = ["2001:db8:1::54"]
vendor_options = [{ enterprise = 32473, options = { "1" = "https://phones.example/" } }]

[class.strangers]
tests = [{ option = 37, prefix = "hex:00007ed9" }]
drop = true

[host.printer]
mac = "${client(5)
  .duid.slice(-12)
  .replace(/(..)(?!$)/g, "$1:")}"
host_part = "::5"
timezone = "Europe/Rome"
`;

function served(): Bed {
  const result = readConfig(FILE);
  assert.ok("config" in result && result.config.lan !== undefined, JSON.stringify(result));
  const bed = new Bed();
  bed.server.configure({ duid: SERVER, ...decodeAll(lanParts, encodeAll(lanParts, result.config.lan)) });
  return bed;
}
const ALL = { requestedOptions: [17, 23, 42, 56, 59], iaNa: [iaNa({ iaid: 1 })] };
function told(bed: Bed, n: number, options: Dhcp6Options = {}): Dhcp6Options {
  const { serverId: _, clientId: __, iaNa: ___, ...rest } = bed.ask(n, "request", { ...ALL, ...options }).message.options;
  return rest;
}
const PHONE = { vendorClasses: [{ enterprise: 32473, classes: [bytesOf("70686f6e65 2d37")] }] };

test("clients are told what the file says: of the link, of their class, of the host they are", () => {
  const bed = served();
  const link = {
    dnsServers: [ip("2001:db8:1::53")],
    ntpServers: [[{ kind: "unicast", address: ip("2001:db8:1::123") }], [{ kind: "name", name: "time.example" as DomainName }]],
    bootFileUrl: "tftp://[2001:db8:1::69]/other",
    captivePortal: "https://portal.example/api",
  };
  assert.deepEqual(told(bed, 1), link);
  assert.deepEqual(told(bed, 2, { clientArchitectures: [6, 7] }), { ...link, bootFileUrl: "tftp://[2001:db8:1::69]/boot.efi" });
  const vendorOptions = [{ enterprise: 32473, options: [{ code: 1, bytes: new TextEncoder().encode("https://phones.example/") }] }];
  assert.deepEqual(told(bed, 3, PHONE), { ...link, dnsServers: [ip("2001:db8:1::54")], vendorOptions });
  assert.deepEqual(told(bed, 5), { ...link, tzdbTimezone: "Europe/Rome" });
  assert.deepEqual(told(bed, 5, PHONE), { ...link, dnsServers: [ip("2001:db8:1::54")], vendorOptions, tzdbTimezone: "Europe/Rome" });
});

test("and are given addresses of the pools that are theirs", () => {
  const bed = served();
  assert.match(addressIn(bed.ask(1, "request", ALL)), /^2001:db8:1::1[0-9a-f]{3}$/);
  assert.equal(addressIn(bed.ask(5, "request", ALL)), "2001:db8:1::5");
});

test("a class whose relay says so is not answered, another one behind a relay is told what its link says", () => {
  const bed = served();
  const inner = encodeDhcp6(said(7, "solicit", ALL));
  const from = (enterprise: number): Uint8Array | undefined =>
    bed.bytesIn(relayed(inner, { link: ip("2001:db8:2::1"), remoteId: { enterprise, id: bytesOf("01") } }));
  assert.equal(from(32473), undefined);
  const answer = from(9);
  assert.ok(answer !== undefined && new TextDecoder("latin1").decode(answer).includes("Europe/Berlin"));
  assert.deepEqual(bed.refused(), { "class-dropped": 1 });
});
