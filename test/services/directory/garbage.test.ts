import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeAll } from "../../../src/base/codec.ts";
import type { Ipv6Address } from "../../../src/base/ipv6.ts";
import { LIMITS } from "../../../src/base/limits.ts";
import { DIRECTORY_LIMITS } from "../../../src/base/limits-directory.ts";
import type { StreamPurpose } from "../../../src/ports/streams.ts";
import { Chance } from "../../../src/sim/chance.ts";
import { rpcMessage } from "../../../src/wire/rpc/message.ts";
import { recordOf } from "../../../src/wire/rpc/records.ts";
import { mutated } from "../../fuzz/mutate.ts";
import { KEY_OF_ALICE, PORTMAPPER_CALLS, VARLINK_CALLS, YP_CALLS } from "./requests.ts";
import { ask, call, connect, group, resultIn, user, world } from "./world.ts";

const ROUNDS = 4000;
const SAMPLES: { readonly [purpose in StreamPurpose]: readonly Uint8Array[] } = {
  yp: YP_CALLS.map(recordOf),
  portmapper: PORTMAPPER_CALLS.map(recordOf),
  userdb: VARLINK_CALLS,
  rpcbind: [...YP_CALLS, ...PORTMAPPER_CALLS].map(recordOf),
};

function serving() {
  const self = world();
  self.serving({ users: [user("alice", 2001), user("bob", 2002)], groups: [group("staff", 3001, ["alice"])] });
  self.service.listening(600);
  return self;
}

/** Still as it was, whatever came. */
function soundAfter({ service }: ReturnType<typeof serving>): void {
  const answer = ask(service, call("match", KEY_OF_ALICE)) ?? assert.fail("no answer");
  assert.equal(resultIn("match", answer).status, "true");
  assert.equal(service.view().snapshot?.users, 2);
}

for (const [purpose, samples] of [
  ["yp", YP_CALLS],
  ["portmapper", PORTMAPPER_CALLS],
] as const) {
  test(`${ROUNDS} changed ${purpose} datagrams are answered shortly, or counted and dropped; none throws`, () => {
    const self = serving();
    const chance = new Chance(11);
    let answered = 0;
    let told = 0; // an RPC error is an answer, and counted as a refusal too
    for (let i = 0; i < ROUNDS; i++) {
      const payload = mutated(samples, chance);
      const answer = self.service.datagram(purpose, { from: "::1" as Ipv6Address, port: 1, payload });
      if (answer !== undefined) answered++;
      const reply = answer === undefined ? undefined : decodeAll(rpcMessage, answer);
      if (reply !== undefined && reply.kind !== "success") told++;
      assert.ok((answer?.length ?? 0) <= 8800);
    }
    const refused = Object.values(self.service.view().refused).reduce((sum, count) => sum + count, 0);
    assert.equal(answered + refused, ROUNDS + told);
    assert.ok(answered > 100 && refused > told + 100 && told > 10, `${answered} answered, ${refused} refused, ${told} of them with an answer`);
    soundAfter(self);
  });
}

for (const purpose of ["yp", "portmapper", "userdb", "rpcbind"] as const) {
  test(`${ROUNDS} changed pieces on ${purpose} streams end their connection at most; nothing is kept of it`, () => {
    const self = serving();
    const chance = new Chance(12);
    const handed = purpose === "userdb" ? { purpose, peer: "", uid: 1000 } : { purpose };
    const open = () => connect(self.service, handed, chance.perMille(500) ? 1 : undefined);
    let client = open();
    let ended = 0;
    for (let i = 0; i < ROUNDS; i++) {
      const bytes = mutated(SAMPLES[purpose], chance);
      const cut = chance.below(bytes.length + 1);
      client.send(bytes.subarray(0, cut));
      client.send(bytes.subarray(cut));
      if (chance.perMille(300)) client.read(chance.below(100_000));
      if (client.isOpen() && !chance.perMille(20)) continue;
      if (!client.isOpen()) ended++;
      client.events.closed();
      client = open();
    }
    client.events.closed();
    assert.equal(self.service.view().connections, 0);
    assert.ok(ended > 0);
    soundAfter(self);
  });
}

test("a thousand half requests hold no more than they have sent", () => {
  const self = serving();
  for (let i = 0; i < DIRECTORY_LIMITS.directoryConnections; i++)
    connect(self.service, { peer: `192.0.2.${i % 200}` }).send(recordOf(call("match", KEY_OF_ALICE)).subarray(0, 30));
  assert.equal(self.service.view().connections, DIRECTORY_LIMITS.directoryConnections);
  self.pass(70);
  assert.equal(self.service.view().connections, 0);
  assert.equal(self.service.view().connectionsEnded["yp-idle"], DIRECTORY_LIMITS.directoryConnections);
});

test("one user who opens connection after connection leaves places to others, and root is never turned away", () => {
  const self = serving();
  const open = (uid: number) => connect(self.service, { purpose: "userdb", peer: "", uid });
  const greedy = Array.from({ length: LIMITS.outletConnections }, () => open(1000));
  assert.equal(greedy.filter((client) => client.isOpen()).length, DIRECTORY_LIMITS.directoryConnectionsPerPeer);
  assert.ok(DIRECTORY_LIMITS.directoryConnectionsPerPeer <= LIMITS.outletConnections / 2);
  assert.ok(open(1001).isOpen());
  const root = Array.from({ length: DIRECTORY_LIMITS.directoryConnectionsPerPeer + 1 }, () => open(0));
  assert.ok(root.every((client) => client.isOpen()));
  assert.equal(
    self.service.view().connectionsEnded["userdb-too-many-connections"],
    LIMITS.outletConnections - DIRECTORY_LIMITS.directoryConnectionsPerPeer,
  );
});
