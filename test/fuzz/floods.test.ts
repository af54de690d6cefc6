/** Floods that can fail: a small one finds nothing, meets every reason there is, and finds what is planted. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Dhcp6Server } from "../../src/services/lan/dhcp6-server/server.ts";
import { FLOODS, floodedBed } from "./floods.ts";
import { ldapFlood } from "./ldap-flood.ts";
import { rpcFlood, varlinkFlood } from "./outlet-flood.ts";
import { LOOK_EACH, summed, Watch } from "./poured.ts";
import { flood } from "./server-flood.ts";

const SIZE = { runs: 60_000, seed: 7 } as const;
const SMALLER = { runs: 30_000, seed: 7 } as const;
const nobody = (): void => undefined;

/** What at least one in five of is taken; the others are garbage by design. */
const ANSWERED_PART = 0.2;

for (const { name, run } of FLOODS) {
  const { runs } = name.startsWith("dhcp6") ? SIZE : SMALLER;
  test(`${name}: ${runs} inputs are borne, one in five at least is taken, and no reason to refuse goes unmet`, () => {
    const { answered, unmet, counts, notes } = run({ ...SIZE, runs }, nobody);
    assert.ok(answered > runs * ANSWERED_PART, `${answered} were answered`);
    assert.deepEqual(unmet, []);
    for (const [what, each] of Object.entries(counts)) assert.ok(summed(each) > runs / 10, `${what}: ${JSON.stringify(each)}`);
    assert.ok(notes.length > 0);
  });
}

for (const [name, pour] of [
  ["ldap-flood", ldapFlood],
  ["rpc-flood", rpcFlood],
  ["varlink-flood", varlinkFlood],
] as const) {
  test(`control: ${name}: what breaks on one input in thousands is found, with the input`, () => {
    let heard = 0;
    const breaking = (bytes: Uint8Array): Uint8Array => {
      if (++heard === 1500) throw new RangeError("read past the end");
      return bytes;
    };
    assert.throws(() => pour(SMALLER, nobody, breaking), /^Error: input [0-9a-f]+$/);
  });
}

test("control: memory that is not given back is found", () => {
  const watch = new Watch(nobody);
  const kept: Buffer[] = [];
  assert.throws(() => {
    for (let done = LOOK_EACH; done <= 400 * LOOK_EACH; done += LOOK_EACH) {
      kept.push(Buffer.alloc(1024 * 1024, 1));
      watch.looked(done);
    }
  }, /MiB after \d+ inputs/);
  assert.ok(kept.length > 200, "it is found before it is much");
});

test("control: a server that breaks on one datagram in thousands is found, with the datagram", () => {
  const bed = floodedBed();
  const serve = bed.server.serve.bind(bed.server);
  let batches = 0;
  bed.server.serve = (...given) => {
    const next = serve(...given);
    if (++batches === 200) throw new RangeError("read past the end");
    return next;
  };
  assert.throws(() => flood(bed, SIZE, nobody), /^Error: datagram [0-9a-f]+$/);
});

test("control: an answer whose length is not what it says is found", () => {
  const bed = floodedBed();
  const serve = bed.server.serve.bind(bed.server);
  bed.server.serve = (packets, at, out, first) => {
    const next = serve(packets, at, out, first);
    if (out.count > 40) out.lengths[40] = (out.lengths[40] ?? 0) - 1;
    return next;
  };
  assert.throws(() => flood(bed, SIZE, nobody), /an answer is not what it says/);
  assert.ok(bed.server instanceof Dhcp6Server);
});

test("control: a datagram that is neither answered nor refused is found", () => {
  const bed = floodedBed();
  const view = bed.server.view.bind(bed.server);
  bed.server.view = () => ({ ...view(), received: view().received + 1 });
  assert.throws(() => flood(bed, { ...SIZE, runs: 1000 }, nobody), /each is answered or refused/);
});
