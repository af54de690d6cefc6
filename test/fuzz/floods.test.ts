/** Floods that can fail: a small one finds nothing, meets every reason there is, and finds what is planted. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Dhcp6Server } from "../../src/services/lan/dhcp6-server/server.ts";
import { FLOODS, floodedBed } from "./floods.ts";
import { flood } from "./server-flood.ts";

const SIZE = { runs: 60_000, seed: 7 } as const;
const nobody = (): void => undefined;

for (const { name, run } of FLOODS)
  test(`${name}: ${SIZE.runs} datagrams are borne, one in five at least is answered, and no reason to refuse goes unmet`, () => {
    const { answered, unmet, sent, told } = run(SIZE, nobody);
    assert.ok(answered > SIZE.runs / 5, `${answered} were answered`);
    assert.deepEqual(unmet, []);
    assert.ok((sent["advertise"] ?? 0) > 0 && (told["success"] ?? 0) > 0, JSON.stringify({ sent, told }));
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
