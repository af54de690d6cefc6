import assert from "node:assert/strict";
import { test } from "node:test";
import type { Ipv4Address, Ipv4Prefix } from "../../../src/base/ipv4.ts";
import { LIMITS } from "../../../src/base/limits.ts";
import type { IgnoreReason } from "../../../src/machines/dhcp4-client/state.ts";
import { IGNORE_REASONS } from "../../../src/machines/dhcp4-client/state.ts";
import { chaddr } from "../../../src/wire/dhcp4/hardware.ts";
import type { ClientId } from "../../../src/wire/dhcp4/vendor.ts";
import { ADDRESS, client, type MAC, SERVER, type Timeline } from "../../support/uplink.ts";

const OTHER = "192.0.2.2" as Ipv4Address;
const selecting = () =>
  client({ denyServers: [OTHER] })
    .at(0)
    .linkUp()
    .sends("discover");
const requesting = () => selecting().offer().sends("request");
const rebooting = () => requesting().ack().linkDown().linkUp().sends("request");

/** Each time line asserts that the state object is the one from before. */
const CASES: readonly (readonly [sentence: string, reason: IgnoreReason, story: () => Timeline])[] = [
  ["an answer to another transaction is ignored (RFC 2131 §4.4.1)", "xid-mismatch", () => selecting().offer({ xid: 1 })],
  ["a request of another client is ignored", "not-a-reply", () => selecting().offer({ op: "request" })],
  [
    "B33: an answer for other hardware is ignored",
    "hardware-address-mismatch",
    () => selecting().offer({ chaddr: chaddr("02:00:00:00:00:99" as typeof MAC) }),
  ],
  ["an answer for hardware of another type is ignored", "hardware-address-mismatch", () => selecting().offer({ htype: 6 })],
  ["an answer for hardware of another length is ignored", "hardware-address-mismatch", () => selecting().offer({ hlen: 8 })],
  [
    "an answer to another client identifier is ignored (RFC 6842 §3)",
    "client-id-mismatch",
    () => selecting().offer({ options: { clientId: "01020000000099" as ClientId } }),
  ],
  [
    "B10: an OFFER without a server identifier is ignored (RFC 2131 table 3)",
    "server-id-missing",
    () => selecting().offer({ options: { serverId: undefined } }),
  ],
  [
    "an ACK without a server identifier is ignored (RFC 2131 table 3)",
    "server-id-missing",
    () => requesting().ack({ options: { serverId: undefined } }),
  ],
  [
    "B7: a NAK without a server identifier is ignored (RFC 2131 table 3)",
    "server-id-missing",
    () => rebooting().nak({ options: { serverId: undefined } }),
  ],
  [
    "B33: a server identifier that is no host's address is ignored",
    "implausible-server",
    () => selecting().offer({ options: { serverId: "255.255.255.255" as Ipv4Address } }),
  ],
  ["a server the operator denied is ignored by its identifier", "server-denied", () => selecting().offer({ options: { serverId: OTHER } })],
  ["a server the operator denied is ignored by where its packet came from", "server-denied", () => selecting().offer({ source: OTHER })],
  ["B10: an OFFER of 0.0.0.0 is ignored", "implausible-address", () => selecting().offer({ yiaddr: "0.0.0.0" as Ipv4Address })],
  ["an OFFER of a multicast address is ignored", "implausible-address", () => selecting().offer({ yiaddr: "224.0.0.1" as Ipv4Address })],
  ["an ACK before any OFFER is ignored", "unexpected-type", () => selecting().ack()],
  ["a NAK before any REQUEST is ignored", "unexpected-type", () => selecting().nak()],
  ["a second OFFER is ignored", "unexpected-type", () => requesting().offer()],
  [
    "B33: an ACK of a server we did not choose is ignored (RFC 2131 §3.1)",
    "server-mismatch",
    () => requesting().ack({ options: { serverId: "192.0.2.3" as Ipv4Address } }),
  ],
  [
    "B7, B33: a NAK of a server we did not choose is ignored",
    "server-mismatch",
    () => requesting().nak({ options: { serverId: "192.0.2.3" as Ipv4Address } }),
  ],
  [
    "B33: an ACK of another address than the offered one is ignored",
    "address-mismatch",
    () => requesting().ack({ yiaddr: "192.0.2.11" as Ipv4Address }),
  ],
  ["an ACK without a lease time is ignored (RFC 2131 table 3)", "lease-missing", () => requesting().ack({ options: { leaseSeconds: undefined } })],
  ["an ACK with a lease time of zero is ignored", "lease-missing", () => requesting().ack({ options: { leaseSeconds: 0 } })],
  [
    "an ACK of a lease that ended before it came is ignored (RFC 2131 §4.4.1)",
    "lease-over",
    () =>
      requesting()
        .at(4)
        .sends("request")
        .at(11)
        .ack({ options: { leaseSeconds: 10 } }),
  ],
  ["a FORCERENEW is ignored: it carries no authentication (RFC 3203 §6)", "unauthenticated-forcerenew", () => selecting().forcerenew()],
  [
    "an ACK to a DISCOVER that does not say rapid commit is ignored (RFC 4039 §3.1)",
    "no-rapid-commit",
    () => client({ rapidCommit: true }).at(0).linkUp().sends("discover").ack(),
  ],
  [
    "an ACK with rapid commit is ignored where it was not asked for (RFC 4039 §3.1)",
    "unexpected-type",
    () => selecting().ack({ options: { rapidCommit: true } }),
  ],
  [
    "of two OFFERs that are collected the second is ignored",
    "worse-offer",
    () =>
      client({ selectSeconds: 2 })
        .at(0)
        .linkUp()
        .sends("discover")
        .offer()
        .offer({ options: { serverId: OTHER } }),
  ],
  ["a neighbour's word on an address that is not ours is ignored", "nothing-to-act-on", () => selecting().hears({ senderAddress: ADDRESS })],
  ["a command to renew is ignored while the link is down", "nothing-to-act-on", () => client().commanded("renew")],
  [
    "an OFFER of a server that is not allowed is ignored",
    "server-denied",
    () =>
      client({ allowServers: [OTHER] })
        .at(0)
        .linkUp()
        .sends("discover")
        .offer(),
  ],
  ["an OFFER of its own router's address is ignored", "implausible-address", () => selecting().offer({ options: { routers: [ADDRESS] } })],
  ["a bound client ignores answers, as what was sent twice is answered twice", "unexpected-type", () => dropEffects(requesting().ack()).ack()],
];

for (const [sentence, reason, story] of CASES) {
  test(sentence, () => {
    story().ignores(reason).silent();
  });
}

test("every reason of the table has a case", () => {
  const seen = new Set(CASES.map(([, reason]) => reason));
  assert.deepEqual(
    IGNORE_REASONS.filter((reason) => !seen.has(reason)),
    [],
  );
});

test("an answer that echoes our client identifier is taken, and one without it too (RFC 6842 §3)", () => {
  selecting()
    .offer({ options: { clientId: "01020000000001" as ClientId } })
    .becomes("requesting");
  selecting().offer().becomes("requesting");
});

const routesOf = (options: Parameters<Timeline["ack"]>[0]) =>
  requesting()
    .ack(options)
    .state.phase.held?.routes.map(({ destination, gateway }) => `${destination} ${gateway}`);
const route = (destination: string, gateway: string) => ({ destination: destination as Ipv4Prefix, gateway: gateway as Ipv4Address });

test("option 121 silences options 3 and 33 (RFC 3442)", () => {
  const options = {
    classlessRoutes: [route("198.51.100.0/24", "192.0.2.9")],
    routers: [SERVER],
    staticRoutes: [{ destination: "203.0.113.0" as Ipv4Address, router: SERVER }],
  };
  assert.deepEqual(routesOf({ options }), ["198.51.100.0/24 192.0.2.9"]);
});

test("Microsoft's code 249 counts only without option 121", () => {
  const microsoftClasslessRoutes = [route("10.0.0.0/8", "192.0.2.8")];
  assert.deepEqual(routesOf({ options: { microsoftClasslessRoutes } }), ["10.0.0.0/8 192.0.2.8"]);
  assert.deepEqual(routesOf({ options: { microsoftClasslessRoutes, classlessRoutes: [route("198.51.100.0/24", "192.0.2.9")] } }), [
    "198.51.100.0/24 192.0.2.9",
  ]);
});

test("a router that is nobody's address, or our own, gives no route", () => {
  assert.deepEqual(routesOf({ options: { routers: ["0.0.0.0" as Ipv4Address, ADDRESS, "127.0.0.1" as Ipv4Address, SERVER] } }), [
    `0.0.0.0/0 ${SERVER}`,
  ]);
});

test("a classless route through nobody's address is left out alone, one through our own is on the link", () => {
  const classlessRoutes = [
    route("10.1.0.0/16", "224.0.0.1"),
    route("10.2.0.0/16", "127.0.0.1"),
    route("10.3.0.0/16", "0.0.0.0"),
    route("10.4.0.0/16", ADDRESS),
    route("10.5.0.0/16", SERVER),
  ];
  assert.deepEqual(routesOf({ options: { classlessRoutes } }), ["10.3.0.0/16 0.0.0.0", "10.4.0.0/16 0.0.0.0", `10.5.0.0/16 ${SERVER}`]);
});

test("static routes have the length of their class, or lead to one host; none leads to 0.0.0.0 (RFC 2132 §5.8)", () => {
  const to = (destination: string) => ({ destination: destination as Ipv4Address, router: SERVER });
  const staticRoutes = [to("10.0.0.0"), to("172.16.0.0"), to("203.0.113.0"), to("203.0.113.7"), to("0.0.0.0")];
  assert.deepEqual(
    routesOf({ options: { staticRoutes } }),
    ["10.0.0.0/8", "172.16.0.0/16", "203.0.113.0/24", "203.0.113.7/32"].map((destination) => `${destination} ${SERVER}`),
  );
});

test("B32: routes beyond the limit are left out: what main and the lease file accept is what a lease has", () => {
  const routers = Array.from({ length: 64 }, (_, i) => `192.0.2.${i + 100}` as Ipv4Address);
  const staticRoutes = Array.from({ length: 256 }, (_, i) => ({ destination: `10.0.1.${i}` as Ipv4Address, router: SERVER }));
  assert.equal(routesOf({ options: { routers, staticRoutes } })?.length, LIMITS.routesPerLease);
});

function dropEffects(wan: Timeline): Timeline {
  return wan.does("configure", "persist");
}
