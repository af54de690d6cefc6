/** Two servers on one link, and one that forgot: each serves its own clients and keeps out of the other's business (RFC 9915 §18.3). */
import assert from "node:assert/strict";
import { test } from "node:test";
import { duidLl } from "../../../../src/base/duid.ts";
import type { MacAddress } from "../../../../src/base/mac.ts";
import { iaAddress, iaNa, iaPd, iaPrefix, STATUS } from "../../../../src/wire/dhcp6/leases.ts";
import { addressIn, Bed, ip, LAN_ADDRESS, net, NEVER, POOLS, prefixIn } from "./support.ts";

const IA = { iaid: 5 };
const OTHER_SERVER = duidLl("02:00:5e:10:00:99" as MacAddress);

/** The same link, another identity, and its own pools. */
function otherServer(pools: Partial<typeof POOLS> = {}): Bed {
  const bed = new Bed({ addresses: [{ ...LAN_ADDRESS, address: ip("2001:db8:1::2") }] });
  bed.server.configure({
    duid: OTHER_SERVER,
    interfaces: [{ name: "lan0", number: 100, router: undefined, dhcp6: { mode: "server", pools: { ...POOLS, ...pools } } }],
    relayedLinks: [],
    classes: [],
    hosts: [],
  });
  bed.server.setAddresses("lan0", [{ address: ip("2001:db8:1::2"), prefixLength: 64, preferredUntil: NEVER, validUntil: NEVER }]);
  return bed;
}

test("of two servers that hear a Request, Renew, Release or Decline, the one that is named acts, the other stays silent (RFC 9915 §16.4)", () => {
  const [ours, theirs] = [new Bed(), otherServer()];
  const held = addressIn(ours.ask(1, "request", { iaNa: [iaNa(IA)] }));
  const named = { iaNa: [iaNa({ ...IA, iaAddress: [iaAddress(held)] })] };
  for (const kind of ["request", "renew", "decline", "release"] as const) assert.equal(theirs.hear(1, kind, named), undefined);
  assert.deepEqual([theirs.refused(), theirs.table.count], [{ "server-id-foreign": 4 }, 0]);
});

test("a Rebind that both hear is answered by the one that knows the lease; the other says nothing and makes none (RFC 9915 §18.3.5)", () => {
  const [ours, theirs] = [new Bed(), otherServer()];
  const request = ours.ask(1, "request", { iaNa: [iaNa(IA)], iaPd: [iaPd(IA)] });
  const rebind = {
    iaNa: [iaNa({ ...IA, iaAddress: [iaAddress(addressIn(request))] })],
    iaPd: [iaPd({ ...IA, iaPrefix: [iaPrefix(prefixIn(request))] })],
  };
  const answer = ours.ask(1, "rebind", rebind);
  assert.deepEqual([addressIn(answer), prefixIn(answer)], [addressIn(request), prefixIn(request)]);
  assert.equal(theirs.hear(1, "rebind", rebind), undefined);
  assert.deepEqual([theirs.refused(), theirs.table.count], [{ "nothing-to-say": 1 }, 0]);
});

test("a Confirm is answered by both alike: what is on the link is no question of whose lease it is (RFC 9915 §18.3.3)", () => {
  for (const bed of [new Bed(), otherServer()]) {
    const confirm = (address: string) => bed.ask(1, "confirm", { iaNa: [iaNa({ ...IA, iaAddress: [iaAddress(ip(address))] })] });
    assert.equal(confirm("2001:db8:1::5").message.options.status?.code, STATUS.success);
    assert.equal(confirm("2001:db8:9::5").message.options.status?.code, STATUS.notOnLink);
  }
});

test("a server that lost its state takes up again what is renewed, address and prefix, and gives neither to anybody else (RFC 9915 §18.3.4)", () => {
  const before = new Bed();
  const request = before.ask(1, "request", { iaNa: [iaNa(IA)], iaPd: [iaPd(IA)] });
  const renew = {
    iaNa: [iaNa({ ...IA, iaAddress: [iaAddress(addressIn(request))] })],
    iaPd: [iaPd({ ...IA, iaPrefix: [iaPrefix(prefixIn(request))] })],
  };
  const after = new Bed();
  const answer = after.ask(1, "renew", renew);
  assert.deepEqual([addressIn(answer), prefixIn(answer), answer.held], [addressIn(request), prefixIn(request), true]);
  assert.equal(after.replies.images, 2, "what is taken up is written down");
  const theirs = after.ask(2, "request", renew);
  assert.notEqual(addressIn(theirs), addressIn(request));
  assert.notEqual(prefixIn(theirs), prefixIn(request));
});

test("after a loss of state, who comes second for an address that was given anew is told that it is over (RFC 9915 §18.3.4)", () => {
  const held = addressIn(new Bed().ask(1, "request", { iaNa: [iaNa(IA)] }));
  const after = new Bed();
  after.ask(2, "request", { iaNa: [iaNa({ ...IA, iaAddress: [iaAddress(held)] })] });
  const late = after.ask(1, "renew", { iaNa: [iaNa({ ...IA, iaAddress: [iaAddress(held)] })] }).message.options.iaNa?.[0];
  assert.equal(late?.options.status?.code, STATUS.noBinding);
  const anew = after.ask(1, "request", { iaNa: [iaNa(IA)] });
  assert.notEqual(addressIn(anew), held);
});

test("a Rebind where there is nothing to be said of one association, and something of another, speaks of that one alone (RFC 9915 §18.3.5)", () => {
  const bed = new Bed();
  const held = addressIn(bed.ask(1, "request", { iaNa: [iaNa(IA)] }));
  const rebind = [iaNa({ iaid: 9, iaAddress: [iaAddress(ip("2001:db8:1::99"))] }), iaNa({ ...IA, iaAddress: [iaAddress(held)] })];
  const { iaNa: said = [] } = bed.ask(1, "rebind", { iaNa: rebind, iaPd: [iaPd({ iaid: 3, iaPrefix: [iaPrefix(net("2001:db8:8000::/56"))] })] })
    .message.options;
  assert.deepEqual(
    said.map(({ iaid, options }) => [iaid, options.iaAddress?.[0]?.address]),
    [[5, held]],
  );
});
