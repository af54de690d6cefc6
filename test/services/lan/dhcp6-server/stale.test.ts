/** Leases whose prefix has gone: taken back for as long as they were promised, across renumbering and restarts (RFC 9096 §3.5). */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Ipv6Prefix, ipv6Covers } from "../../../../src/base/ipv6.ts";
import { writeImage, applyImage } from "../../../../src/services/leases/images.ts";
import { STATE } from "../../../../src/services/leases/table.ts";
import { iaAddress, iaNa, iaPd, iaPrefix, STATUS } from "../../../../src/wire/dhcp6/leases.ts";
import type { Dhcp6ClientKind } from "../../../../src/wire/dhcp6/message.ts";
import { addressIn, Bed, ip, LAN_ADDRESS, net, prefixIn, SERVER } from "./support.ts";

const IA = { iaid: 5 };
const NEW = { ...LAN_ADDRESS, address: ip("2001:db8:5::1") };
const UPLINK = { uplinkPrefixes: { shortest: 60, longest: 64, usual: 60 }, prefixes: [] };
const given = (bed: Bed, kind: Dhcp6ClientKind, ia: Parameters<typeof iaNa>[0] = IA) =>
  bed.ask(1, kind, { iaNa: [iaNa(ia)] }).message.options.iaNa?.[0];
const addresses = (ia: ReturnType<typeof given>): readonly (readonly [string, number])[] =>
  ia?.options.iaAddress?.map(({ address, validSeconds }) => [address, validSeconds] as const) ?? [];

/** The same leases in another life of the program, which finds another prefix on the link. */
function reborn(before: Bed, pools: ConstructorParameters<typeof Bed>[0] = {}): Bed {
  const after = new Bed({ addresses: [NEW], ...pools });
  const image = new Uint8Array(4096);
  for (let row = 0; row < before.table.end; row++) {
    if (before.table.state(row) === STATE.free) continue;
    const length = writeImage(before.table, row, image, 0);
    assert.equal(applyImage(after.table, image, 0, length), length);
  }
  after.server.leasesLoaded();
  after.now = before.now;
  return after;
}

test("after a restart with another prefix a Request, Renew and Rebind take the old address back and give a new one, for as long as it was promised", () => {
  for (const kind of ["request", "renew", "rebind"] as const) {
    const before = new Bed();
    const old = addressIn(before.ask(1, "request", { iaNa: [iaNa(IA)] }));
    const bed = reborn(before);
    bed.now += 600;
    for (let asked = 0; asked < 3; asked++) {
      const ia = given(bed, kind, { ...IA, iaAddress: [iaAddress(old)] });
      const [fresh, stale] = addresses(ia);
      assert.deepEqual([fresh?.[0].startsWith("2001:db8:5:"), stale], [true, [old, 0]], `${kind}, ${asked}`);
      assert.equal(ia?.renewSeconds, Math.floor((ia?.options.iaAddress?.[0]?.preferredSeconds ?? 0) / 2), "times are those of what is extended");
      bed.now += 900;
    }
    assert.ok(
      addresses(given(bed, "request")).some(([address]) => address === old),
      "named or not",
    );
    bed.now += 500;
    assert.ok(!addresses(given(bed, "request")).some(([address]) => address === old), "it has ended for everybody");
  }
});

test("what a client was given elsewhere by others is NotOnLink still, and costs it nothing that it has (RFC 9915 §18.3.2, T6)", () => {
  const before = new Bed();
  const old = addressIn(before.ask(1, "request", { iaNa: [iaNa(IA)] }));
  const bed = reborn(before);
  const foreign = given(bed, "request", { ...IA, iaAddress: [iaAddress(old), iaAddress(ip("2001:db8:99::1"))] });
  assert.equal(foreign?.options.status?.code, STATUS.notOnLink);
  const others = bed.ask(2, "request", { iaNa: [iaNa({ ...IA, iaAddress: [iaAddress(old)] })] }).message.options.iaNa?.[0];
  assert.equal(others?.options.status?.code, STATUS.notOnLink, "another client's is not its own");
  assert.deepEqual(addresses(given(bed, "request", { ...IA, iaAddress: [iaAddress(old)] })).at(-1), [old, 0]);
});

test("an Advertise says nothing of what has gone (RFC 9096 §3.5)", () => {
  const before = new Bed();
  const old = addressIn(before.ask(1, "request", { iaNa: [iaNa(IA)] }));
  const told = addresses(given(reborn(before), "solicit", { ...IA, iaAddress: [iaAddress(old)] }));
  assert.deepEqual(
    told.map(([address, valid]) => [address.startsWith("2001:db8:5:"), valid]),
    [[true, 3600]],
  );
});

test("a prefix of an uplink that has gone over a restart is taken back, its route too, and a new one is given", () => {
  const before = new Bed({ pools: UPLINK });
  before.server.setUplinkPrefixes([net("2001:db8:1::/48")]);
  const old = prefixIn(before.ask(1, "request", { iaPd: [iaPd(IA)] }));
  for (const kind of ["request", "renew", "rebind"] as const) {
    const bed = reborn(before, { pools: UPLINK });
    bed.server.setUplinkPrefixes([net("2001:db8:5::/48")]);
    const told = bed.ask(1, kind, { iaPd: [iaPd({ ...IA, iaPrefix: [iaPrefix(old)] })] }).message.options.iaPd?.[0]?.options.iaPrefix ?? [];
    assert.deepEqual(
      told.map(({ prefix, validSeconds }) => [ipv6Covers(net("2001:db8:5::/48"), prefix), validSeconds]),
      [
        [true, 3600],
        [false, 0],
      ],
      kind,
    );
    assert.deepEqual([...bed.replies.routes.present.slice(0, bed.replies.routes.count)], [1, 0]);
  }
});

test("where the prefix went and none came, what was given is taken back all the same; where it comes back, it goes on", () => {
  const bed = new Bed();
  const old = addressIn(bed.ask(1, "request", { iaNa: [iaNa(IA)] }));
  bed.server.setAddresses("lan0", []);
  assert.deepEqual(addresses(given(bed, "renew")), [[old, 0]]);
  bed.server.setAddresses("lan0", [LAN_ADDRESS]);
  assert.deepEqual(addresses(given(bed, "renew")), [[old, 3600]]);
});

test("leases of a link that is configured no longer are nobody's concern, and are there when it comes back", () => {
  const bed = new Bed();
  const old = addressIn(bed.ask(1, "request", { iaNa: [iaNa(IA)] }));
  bed.server.configure({ duid: SERVER, interfaces: [], relayedLinks: [], classes: [], hosts: [] });
  assert.equal(bed.hear(1, "renew", { iaNa: [iaNa(IA)] }), undefined);
  bed.configure({});
  assert.deepEqual(addresses(given(bed, "renew")), [[old, 3600]]);
});

test("as long as a prefix that was taken back may be in use, nobody else is given it or what overlaps it", () => {
  const pools = (usual: number) => ({
    prefixes: [{ pool: net("2001:db8:8000::/60"), shortest: 61, longest: 64, usual, excludedLength: undefined, class: undefined }],
  });
  const bed = new Bed({ pools: pools(61) });
  const old = prefixIn(bed.ask(1, "request", { iaPd: [iaPd(IA)] }));
  bed.configure({ prefixes: [] });
  bed.ask(1, "renew", { iaPd: [iaPd({ ...IA, iaPrefix: [iaPrefix(old)] })] });
  bed.configure(pools(64));
  const others: Ipv6Prefix[] = [];
  for (let n = 2; n < 20; n++) {
    const told = bed.ask(n, "request", { iaPd: [iaPd(IA)] });
    if (told.message.options.iaPd?.[0]?.options.status === undefined) others.push(prefixIn(told));
  }
  assert.equal(others.length, 8);
  for (const one of others) assert.ok(!ipv6Covers(old, one), one);
});
