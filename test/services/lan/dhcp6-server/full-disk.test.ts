/** A server whose disk is full: what was promised is repeated and never more, nothing new is promised, and nobody is told a lie. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { iaAddress, iaNa, iaPd } from "../../../../src/wire/dhcp6/leases.ts";
import { Bed } from "./support.ts";

const asked = { iaNa: [iaNa({ iaid: 1 })] };
const both = { ...asked, iaPd: [iaPd({ iaid: 2 })] };

/** Client 1 has an address; the disk is full from then on. */
function full(state: "full" | "stuck" = "full"): { readonly bed: Bed; readonly held: ReturnType<typeof iaNa> } {
  const bed = new Bed();
  const address = bed.ask(1, "request", asked).message.options.iaNa?.[0]?.options.iaAddress?.[0]?.address;
  assert.ok(address !== undefined);
  bed.server.diskIs(state);
  return { bed, held: iaNa({ iaid: 1, iaAddress: [iaAddress(address)] }) };
}
const leaseIn = (answer: ReturnType<Bed["ask"]>) => answer.message.options.iaNa?.[0]?.options.iaAddress?.[0];

for (const kind of ["renew", "rebind", "request"] as const)
  test(`a ${kind} of what is held is answered with what is left of it: no image, no longer lifetime`, () => {
    const { bed, held } = full();
    bed.now += 1500;
    const given = leaseIn(bed.ask(1, kind, { iaNa: [held] }));
    assert.deepEqual([given?.preferredSeconds, given?.validSeconds, bed.replies.images], [300, 2100, 0]);
    bed.now += 1000;
    const later = leaseIn(bed.ask(1, kind, { iaNa: [held] }));
    assert.deepEqual([later?.preferredSeconds, later?.validSeconds], [0, 1100]);
    bed.server.diskIs("open");
    assert.deepEqual([leaseIn(bed.ask(1, kind, { iaNa: [held] }))?.validSeconds, bed.replies.images], [3600, 1]);
  });

test("a client without a lease is not answered, whether it solicits, requests or asks to keep what we do not know; NoAddrsAvail would be a lie", () => {
  const { bed, held } = full();
  assert.equal(bed.hear(2, "solicit", asked), undefined);
  assert.equal(bed.hear(2, "solicit", { ...asked, rapidCommit: true }), undefined);
  assert.equal(bed.hear(2, "request", asked), undefined);
  assert.equal(bed.hear(2, "renew", { iaNa: [iaNa({ iaid: 1, iaAddress: [iaAddress(addressBeside(held))] })] }), undefined);
  assert.equal(bed.refused()["disk-full"], 4);
  assert.equal(bed.table.count, 1, "nothing was taken");
  bed.server.diskIs("open");
  assert.ok(leaseIn(bed.ask(2, "request", asked)) !== undefined);
});

test("of several associations those that are held are answered, and the others left out: their client asks again", () => {
  const { bed, held } = full();
  const { options } = bed.ask(1, "request", { iaNa: [held], iaPd: [iaPd({ iaid: 2 })] }).message;
  assert.deepEqual([options.iaNa?.length, options.iaPd], [1, undefined]);
  assert.equal(bed.ask(1, "solicit", both).message.options.iaPd, undefined, "an offer is of the same");
});

test("what is over is not promised again, and gives way to nobody", () => {
  const { bed, held } = full();
  bed.now += 3600;
  assert.equal(bed.hear(1, "renew", { iaNa: [held] }), undefined);
  bed.now += 100;
  bed.server.sweep({ seconds: bed.now }, 1000, bed.replies);
  assert.equal(bed.hear(1, "request", { iaNa: [held] }), undefined);
});

test("a Release and a Decline wait: what cannot be written down is not said to be done", () => {
  const { bed, held } = full();
  assert.equal(bed.hear(1, "release", { iaNa: [held] }), undefined);
  assert.equal(bed.hear(1, "decline", { iaNa: [held] }), undefined);
  assert.equal(bed.server.view().links[0]?.addresses, 1);
});

test("where nobody knows what is durable, nothing of leases is said; information is", () => {
  const { bed, held } = full("stuck");
  for (const kind of ["renew", "rebind", "request", "release"] as const) assert.equal(bed.hear(1, kind, { iaNa: [held] }), undefined, kind);
  assert.equal(bed.hear(1, "solicit", asked), undefined);
  assert.equal(bed.ask(1, "informationRequest", { requestedOptions: [23] }).message.kind, "reply");
  assert.equal(bed.ask(1, "confirm", { iaNa: [held] }).message.kind, "reply");
});

function addressBeside({ options }: ReturnType<typeof iaNa>) {
  const [one] = options.iaAddress ?? [];
  assert.ok(one !== undefined);
  return one.address.replace(/.$/, (last) => (last === "1" ? "2" : "1")) as typeof one.address;
}
