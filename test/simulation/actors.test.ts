/** The actors are what services are judged by: what they must do themselves. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Duid } from "../../src/base/duid.ts";
import type { Ipv6Address, Ipv6Prefix } from "../../src/base/ipv6.ts";
import type { MacAddress } from "../../src/base/mac.ts";
import { instant } from "../../src/base/time.ts";
import { Dhcp6Host, type Host6Event } from "../../src/sim/actors/dhcp6-host.ts";
import { ALL_NODES, clientMessageIn } from "../../src/sim/actors/exchange.ts";
import { LDAP_MODES, LdapDirectory, type LdapMode } from "../../src/sim/actors/ldap-directory.ts";
import { directoryOf } from "../../src/sim/actors/ldap-entries.ts";
import { Relay6 } from "../../src/sim/actors/relay6.ts";
import { SlaacHost } from "../../src/sim/actors/slaac-host.ts";
import { iaAddress, iaNa, STATUS } from "../../src/wire/dhcp6/leases.ts";
import { type Dhcp6ClientMessage, decodeDhcp6, dhcp6, encodeDhcp6, isRelayMessage, relay6 } from "../../src/wire/dhcp6/message.ts";
import { encodeIcmp6, type RouterAdvertisement } from "../../src/wire/icmp6/message.ts";
import { decodeLdap, encodeLdap, type LdapMessage } from "../../src/wire/ldap/message.ts";
import { RESULT } from "../../src/wire/ldap/result.ts";

const at = (seconds: number) => instant(seconds * 1000);
const MAC = "02:00:00:00:00:01" as MacAddress;
const ROUTER = "fe80::1" as Ipv6Address;
const DUID = "000300010200000000ff" as Duid;
const SERVER = "00030001020000000001" as Duid;
const ADDRESS = "2001:db8::10" as Ipv6Address;

function advertise(
  host: SlaacHost,
  seconds: number,
  lifetimes: { readonly preferredSeconds: number; readonly validSeconds: number },
  hopLimit = 255,
): void {
  const prefix = { prefix: "2001:db8::/64" as Ipv6Prefix, onLink: true, autonomous: true, prefersDelegation: false, ...lifetimes };
  const resolvers = [{ lifetimeSeconds: 600, addresses: ["2001:db8::53" as Ipv6Address] }];
  const flags = { managed: true, otherConfiguration: false, homeAgent: false, preference: "medium", proxy: false } as const;
  const times = { hopLimit: 64, lifetimeSeconds: 1800, reachableMilliseconds: 0, retransmitMilliseconds: 0 };
  const message: RouterAdvertisement = {
    kind: "routerAdvertisement",
    ...flags,
    ...times,
    options: { prefixes: [prefix], resolvers },
    unknown: [],
    malformed: [],
  };
  const header = { source: ROUTER, destination: ALL_NODES };
  host.heard({ ...header, hopLimit, payload: encodeIcmp6(message, header) }, at(seconds));
}

test("a host asks three times for a router, and not any more when it has heard one (RFC 4861 §6.3.7)", () => {
  const host = new SlaacHost(MAC);
  assert.equal(host.start(at(0)).length, 1);
  assert.equal(host.tick(at(4)).length, 1);
  advertise(host, 5, { preferredSeconds: 60, validSeconds: 120 });
  assert.equal(host.tick(at(8)).length, 0);
});

test("a host makes an address of an advertised prefix, prefers it as long as it was told, and hears of resolvers (RFC 4862 §5.5.3, RFC 8106 §5.3)", () => {
  const host = new SlaacHost(MAC);
  advertise(host, 0, { preferredSeconds: 60, validSeconds: 120 });
  assert.deepEqual(
    host.preferred(at(59)).map(({ address }) => address),
    ["2001:db8::ff:fe00:1"],
  );
  assert.deepEqual(host.preferred(at(61)), []);
  assert.equal(host.formed(at(119)).length, 1);
  assert.equal(host.formed(at(121)).length, 0);
  assert.deepEqual(host.resolvers(at(599)), ["2001:db8::53"]);
  assert.deepEqual(host.resolvers(at(601)), []);
});

test("no advertisement ends an address sooner than in two hours, but it is deprecated at once (RFC 4862 §5.5.3 e)", () => {
  const host = new SlaacHost(MAC);
  advertise(host, 0, { preferredSeconds: 86_400, validSeconds: 86_400 });
  advertise(host, 10, { preferredSeconds: 0, validSeconds: 0 });
  assert.deepEqual(host.preferred(at(11)), []);
  assert.equal(host.formed(at(7209)).length, 1);
  assert.equal(host.formed(at(7211)).length, 0);
});

test("what came over a router is no advertisement (RFC 4861 §6.1.2)", () => {
  const host = new SlaacHost(MAC);
  advertise(host, 0, { preferredSeconds: 60, validSeconds: 120 }, 254);
  assert.deepEqual(host.formed(at(1)), []);
});

function soliciting(): {
  readonly host: Dhcp6Host;
  readonly events: Host6Event[];
  readonly id: () => number;
  readonly answer: (kind: "advertise" | "reply", options: Dhcp6ClientMessage["options"]) => Dhcp6ClientMessage | undefined;
} {
  const events: Host6Event[] = [];
  let chance = 1;
  const host = new Dhcp6Host(
    { duid: DUID, iaid: 1, address: true, prefixLength: undefined, rapidCommit: false },
    () => chance++,
    (event) => events.push(event),
  );
  let last = clientMessageIn(host.start(at(0))[0]?.payload ?? new Uint8Array());
  const answer = (kind: "advertise" | "reply", options: Dhcp6ClientMessage["options"]): Dhcp6ClientMessage | undefined => {
    const payload = encodeDhcp6(dhcp6({ kind, transactionId: last?.transactionId ?? 0, options: { clientId: DUID, serverId: SERVER, ...options } }));
    const [said] = host.heard({ from: ROUTER, payload }, at(1));
    if (said !== undefined) last = clientMessageIn(said.payload);
    return said === undefined ? undefined : last;
  };
  return { host, events, id: () => last?.transactionId ?? 0, answer };
}

test("a host asks for what was advertised, holds what it is given, and gives it back (RFC 9915 §18.2)", () => {
  const { host, answer } = soliciting();
  const given = { iaNa: [iaNa({ iaid: 1, iaAddress: [iaAddress(ADDRESS, { preferredSeconds: 100, validSeconds: 200 })] })] };
  const request = answer("advertise", given);
  assert.equal(request?.kind, "request");
  assert.equal(request.options.serverId, SERVER);
  answer("reply", given);
  assert.deepEqual(
    host.held.map(({ value, validUntil }) => [value, validUntil]),
    [[ADDRESS, at(201)]],
  );
  const [release] = host.release(at(2));
  assert.equal(clientMessageIn(release?.payload ?? new Uint8Array())?.kind, "release");
  assert.deepEqual(host.held, []);
});

test("control: answers that no server may give are called wrong, and nothing is held", () => {
  const wrong: readonly (readonly [Dhcp6ClientMessage["options"], RegExp])[] = [
    [{ iaNa: [iaNa({ iaid: 2, iaAddress: [iaAddress(ADDRESS, { preferredSeconds: 1, validSeconds: 2 })] })] }, /IAID 2/],
    [{ iaNa: [iaNa({ iaid: 1, iaAddress: [iaAddress(ADDRESS, { preferredSeconds: 2, validSeconds: 1 })] })] }, /preferred for longer/],
    [{ iaNa: [iaNa({ iaid: 1, renewSeconds: 9, rebindSeconds: 8 })] }, /T1/],
    [{ iaNa: [iaNa({ iaid: 1, iaAddress: [iaAddress(ROUTER, { preferredSeconds: 1, validSeconds: 2 })] })] }, /no address for a host/],
  ];
  for (const [options, detail] of wrong) {
    const { host, events, answer } = soliciting();
    assert.equal(answer("advertise", options), undefined);
    assert.match(events.at(-1)?.detail ?? "", detail);
    assert.equal(events.at(-1)?.kind, "wrong");
    assert.deepEqual(host.held, []);
  }
});

test("a host without an offer goes on asking", () => {
  const { host, events, answer } = soliciting();
  answer("advertise", { iaNa: [iaNa({ iaid: 1, status: { code: STATUS.noAddrsAvail, message: "" } })] });
  assert.equal(events.at(-1)?.kind, "refused");
  assert.equal(host.tick(at(3)).length, 1);
});

test("a relay wraps what clients say with its link-address, and unwraps answers for them only (RFC 9915 §19.1, §19.2)", () => {
  const relay = new Relay6({ linkAddress: "2001:db8:2::1" as Ipv6Address, server: "fe80::9" as Ipv6Address, interfaceId: Uint8Array.of(1) });
  const solicit = encodeDhcp6(dhcp6({ kind: "solicit", transactionId: 5, options: { clientId: DUID } }));
  const forward = decodeDhcp6(relay.fromClient({ from: "fe80::5" as Ipv6Address, payload: solicit })?.payload ?? new Uint8Array());
  assert.ok(isRelayMessage(forward));
  assert.equal(forward.linkAddress, "2001:db8:2::1");
  const reply = (linkAddress: string): Uint8Array =>
    encodeDhcp6(
      relay6({
        kind: "relayReply",
        hopCount: 0,
        linkAddress: linkAddress as Ipv6Address,
        peerAddress: "fe80::5" as Ipv6Address,
        options: { relayMessage: solicit },
      }),
    );
  assert.equal(relay.fromServer({ from: ROUTER, payload: reply("2001:db8:2::1") })?.to, "fe80::5");
  assert.equal(relay.fromServer({ from: ROUTER, payload: reply("2001:db8:3::1") }), undefined);
  assert.equal(relay.fromClient({ from: ROUTER, payload: reply("2001:db8:2::1") }), undefined);
});

/** Binds, and asks for all people in pages of two. */
function conversation(mode: LdapMode): { readonly entries: number; readonly codes: readonly number[]; readonly ended: boolean } {
  const people = [1, 2, 3, 4, 5].map((i) => ({ name: `u${i}`, id: 1000 + i, group: 1 }));
  const directory = new LdapDirectory({ bindDn: "cn=r", password: "x", anonymous: false }, directoryOf("dc=t", people, []));
  directory.mode = mode;
  const talk = directory.connect();
  const codes: number[] = [];
  let [entries, cookie, ended]: [number, Uint8Array, boolean] = [0, new Uint8Array(), false];
  const say = (message: LdapMessage): void => {
    const answer = talk.heard(encodeLdap(message));
    ended ||= answer.ends;
    cookie = new Uint8Array();
    for (const { operation, controls } of answer.bytes.map(decodeLdap)) {
      if (operation.kind === "searchResultEntry") entries++;
      if (operation.kind === "bindResponse" || operation.kind === "searchResultDone") codes.push(operation.result.code);
      for (const control of controls) if (control.kind === "pagedResults") cookie = control.cookie.slice();
    }
  };
  say({
    id: 1,
    operation: { kind: "bindRequest", version: 3, name: "cn=r", authentication: { kind: "simple", password: new TextEncoder().encode("x") } },
    controls: [],
  });
  for (let id = 2; id < 9 && !ended && (id === 2 || cookie.length > 0); id++) {
    const filter = { kind: "present", attribute: "uid" } as const;
    const search = {
      kind: "searchRequest",
      base: "dc=t",
      scope: "subtree",
      dereference: "never",
      sizeLimit: 0,
      timeLimitSeconds: 0,
      typesOnly: false,
      filter,
      attributes: ["uid"],
    } as const;
    say({ id, operation: search, controls: [{ kind: "pagedResults", critical: false, size: 2, cookie }] });
  }
  return { entries, codes, ended };
}

test("a directory answers as its mode says (RFC 4511 §4.5, RFC 2696)", () => {
  const { success, busy, invalidCredentials, insufficientAccessRights, sizeLimitExceeded } = RESULT;
  const expected: Record<LdapMode, ReturnType<typeof conversation>> = {
    serve: { entries: 5, codes: [success, success, success, success], ended: false },
    busy: { entries: 0, codes: [success, busy], ended: false },
    "refuse-bind": { entries: 0, codes: [invalidCredentials, insufficientAccessRights], ended: false },
    "die-in-page": { entries: 3, codes: [success, success], ended: true },
    "size-limit": { entries: 2, codes: [success, sizeLimitExceeded], ended: false },
    "no-paging": { entries: 5, codes: [success, success], ended: false },
    silent: { entries: 0, codes: [], ended: false },
  };
  for (const mode of LDAP_MODES) assert.deepEqual(conversation(mode), expected[mode], mode);
});
