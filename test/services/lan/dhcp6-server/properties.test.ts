/** What holds whatever comes in: it never throws, answers can be read, nothing is given twice, and a run can be repeated. */
import { addressPool, prefixPool } from "../../../../src/services/lan/dhcp6-config.ts";
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Ipv6Address, type Ipv6Prefix, ipv6Bytes, ipv6Covers } from "../../../../src/base/ipv6.ts";
import { PacketBatch, ReplyBatch } from "../../../../src/services/lan/dhcp6-server/batch.ts";
import { type IaNa, type IaPd, iaAddress, iaNa, iaPd, iaPrefix } from "../../../../src/wire/dhcp6/leases.ts";
import { type Dhcp6ClientKind, type Dhcp6Message, decodeDhcp6, encodeDhcp6, isRelayMessage } from "../../../../src/wire/dhcp6/message.ts";
import { anyMessage } from "../../../wire/dhcp6/messages.ts";
import { Bed, client, ip, LAN, LAN_ADDRESS, NOW, net, relayed, replyBytes, said } from "./support.ts";

/** Small pools, so that clients meet. */
const SMALL = {
  pools: { addresses: [addressPool(net("2001:db8:1::100/123"))], prefixes: [prefixPool(net("2001:db8:8000::/60"), 64)], rapidCommit: true },
  relayedPools: { addresses: [addressPool(net("2001:db8:2::100/124"))] },
} as const;
const KINDS = ["solicit", "request", "confirm", "renew", "rebind", "release", "decline", "informationRequest"] as const;
const FAR = ip("2001:db8:2::1");

type Act = {
  readonly n: number;
  readonly kind: (typeof KINDS)[number];
  readonly iaids: readonly number[];
  /** Hints: a number of the pool's, or what the client was given last. */
  readonly hints: readonly (number | "held")[];
  readonly rapidCommit: boolean;
  readonly far: boolean;
  readonly wait: number;
  readonly flips: readonly number[];
};

const anyAct: fc.Arbitrary<Act> = fc.record({
  n: fc.integer({ min: 1, max: 6 }),
  kind: fc.constantFrom(...KINDS),
  iaids: fc.array(fc.integer({ min: 0, max: 2 }), { maxLength: 4 }),
  hints: fc.array(fc.oneof(fc.integer({ min: 0, max: 40 }), fc.constant("held" as const)), { maxLength: 3 }),
  rapidCommit: fc.boolean(),
  far: fc.boolean(),
  wait: fc.constantFrom(0, 0, 1, 30, 900, 1800, 4000),
  flips: fc.oneof({ weight: 4, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: fc.array(fc.nat(), { maxLength: 3 }) }),
});

type Held = { readonly until: number; readonly owner: string };

/** Plays acts; after each, checks that nobody was promised what another still holds. */
class World {
  readonly bed = new Bed(SMALL);
  readonly holders = new Map<string, Held>();
  readonly last = new Map<string, readonly string[]>();
  readonly transcript: string[] = [];

  play(act: Act): void {
    this.bed.now += act.wait;
    if (act.wait > 0) this.bed.server.sweep({ seconds: this.bed.now }, 64, this.bed.replies);
    const bytes = this.#bytes(act);
    const out = this.bed.bytesIn(bytes, { from: client(act.n).address });
    this.transcript.push(
      Buffer.from(out ?? []).toString("hex"),
      Buffer.from(this.bed.replies.journal.slice(0, this.bed.replies.journalEnd)).toString("hex"),
    );
    if (out === undefined) return;
    const answer = innermost(decodeDhcp6(out));
    assert.deepEqual(answer.malformed, []);
    this.#look(act, bytes, answer);
  }

  #bytes(act: Act): Uint8Array {
    const owner = this.#owner(act);
    const held = this.last.get(owner) ?? [];
    const addresses = act.hints.map((hint) =>
      hint === "held" ? (held.find((one) => !one.includes("/")) ?? "::") : `2001:db8:${act.far ? 2 : 1}::${(0x100 + hint).toString(16)}`,
    );
    const prefixes = act.hints.map((hint) =>
      hint === "held" ? (held.find((one) => one.includes("/")) ?? "::/64") : `2001:db8:8000:${(hint % 16).toString(16)}::/64`,
    );
    const message = said(act.n, act.kind, {
      iaNa:
        act.kind === "informationRequest"
          ? []
          : act.iaids.map((iaid) => iaNa({ iaid, iaAddress: addresses.map((one) => iaAddress(one as Ipv6Address)) })),
      iaPd:
        act.kind === "informationRequest"
          ? []
          : act.iaids.map((iaid) => iaPd({ iaid, iaPrefix: prefixes.map((one) => iaPrefix(one as Ipv6Prefix)) })),
      requestedOptions: [23, 24, 32, 82],
      ...(act.rapidCommit ? { rapidCommit: true as const } : {}),
    });
    const bytes = act.far ? relayed(encodeDhcp6(message), { link: FAR }) : encodeDhcp6(message);
    for (const flip of act.flips) bytes[flip % bytes.length] = (bytes[flip % bytes.length] ?? 0) ^ (1 << (flip & 7));
    return bytes;
  }

  #owner({ n, far }: Act): string {
    return `${n} ${far ? "far" : "near"}`;
  }

  #look(act: Act, bytes: Uint8Array, answer: ReturnType<typeof innermost>): void {
    const { iaNa: nas = [], iaPd: pds = [], clientId } = answer.options;
    const given = [...nas.flatMap(addressesOf), ...pds.flatMap(prefixesOf)];
    const times = new Set([...nas, ...pds].map(({ renewSeconds, rebindSeconds }) => `${renewSeconds} ${rebindSeconds}`));
    assert.ok(times.size <= 1, "T1 and T2 differ between associations");
    for (const { preferredSeconds, validSeconds } of given) assert.ok(preferredSeconds <= validSeconds && validSeconds <= 3600);
    const promised = given.filter(({ validSeconds }) => validSeconds > 0);
    assert.equal(new Set(promised.map(({ what }) => what)).size, promised.length, "one answer gives a thing twice");
    if (answer.kind !== "reply") return;
    const released = act.kind === "release" || act.kind === "decline";
    for (const { what, iaid, validSeconds } of promised) {
      const owner = `${clientId} ${iaid} ${what.includes("/") ? "pd" : "na"}`;
      const before = this.holders.get(what);
      assert.ok(
        before === undefined || before.owner === owner || before.until <= this.bed.now,
        `${what} is promised to ${owner} and to ${before?.owner}`,
      );
      this.holders.set(what, { owner, until: this.bed.now + validSeconds });
    }
    if (promised.length > 0) assert.equal(this.bed.replies.held[0], 1, "a promise does not wait");
    if (promised.length > 0)
      this.last.set(
        this.#owner(act),
        promised.map(({ what }) => what),
      );
    // What a client gives back is no promise any more; whether it was its own to give, the server judges.
    if (released) for (const [what, { owner }] of this.holders) if (owner.startsWith(`${clientId} `) && names(bytes, what)) this.holders.delete(what);
  }
}

function innermost(message: Dhcp6Message) {
  let inner = message;
  while (isRelayMessage(inner)) inner = decodeDhcp6(inner.options.relayMessage);
  return inner;
}

function addressesOf({ iaid, options }: IaNa) {
  return (options.iaAddress ?? []).map(({ address, preferredSeconds, validSeconds }) => ({
    what: address as string,
    iaid,
    preferredSeconds,
    validSeconds,
  }));
}

function prefixesOf({ iaid, options }: IaPd) {
  return (options.iaPrefix ?? []).map(({ prefix, preferredSeconds, validSeconds }) => ({
    what: prefix as string,
    iaid,
    preferredSeconds,
    validSeconds,
  }));
}

function names(bytes: Uint8Array, what: string): boolean {
  const [address = "::"] = what.split("/");
  return Buffer.from(bytes).includes(Buffer.from(ipv6Bytes(address as Ipv6Address)));
}

test("whatever clients do, in whichever order and with whichever bits flipped, no address and no prefix is promised to two of them", () => {
  fc.assert(
    fc.property(fc.array(anyAct, { minLength: 1, maxLength: 60 }), (acts) => {
      const world = new World();
      for (const act of acts) world.play(act);
    }),
    { numRuns: 60 },
  );
});

test("the same messages at the same times make the same answers and the same journal, octet for octet", () => {
  fc.assert(
    fc.property(fc.array(anyAct, { minLength: 1, maxLength: 40 }), (acts) => {
      const [one, other] = [new World(), new World()];
      for (const world of [one, other]) for (const act of acts) world.play(act);
      assert.deepEqual(one.transcript, other.transcript);
    }),
    { numRuns: 20 },
  );
});

test("messages in one batch are answered as they would be one by one", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ min: 1, max: 6 }), fc.constantFrom<Dhcp6ClientKind>("solicit", "request", "renew", "release")), {
        maxLength: 20,
      }),
      (asked) => {
        const messages = asked.map(([n, kind]) => ({ n, bytes: encodeDhcp6(said(n, kind, { iaNa: [iaNa({ iaid: 1 })] })) }));
        const alone = new Bed(SMALL);
        const apart = messages.map(({ n, bytes }) => alone.bytesIn(bytes, { from: client(n).address }));
        const bed = new Bed(SMALL);
        const batch = new PacketBatch({ slots: 32, arenaBytes: 64_000 });
        for (const { n, bytes } of messages)
          assert.ok(batch.add(bytes, { link: LAN, address: ipv6Bytes(client(n).address), port: 546, multicast: true }));
        // So little room that the batch is served in parts.
        const replies = new ReplyBatch({ slots: 3, arenaBytes: 60_000 });
        const together: Uint8Array[] = [];
        for (let next = 0; next < batch.count; ) {
          replies.clear();
          next = bed.server.serve(batch, { seconds: NOW }, replies, next);
          for (let row = 0; row < replies.count; row++) together.push(replyBytes(replies, row));
        }
        assert.deepEqual(
          together,
          apart.filter((one) => one !== undefined),
        );
      },
    ),
    { numRuns: 40 },
  );
});

test("any message, and any message with octets changed or cut off, is answered readably or counted once", () => {
  const bed = new Bed({ ...SMALL, addresses: [LAN_ADDRESS] });
  let received = 0;
  fc.assert(
    fc.property(anyMessage, fc.boolean(), fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 }), fc.nat(), (message, nested, changes, cut) => {
      const encoded = encodeDhcp6(message);
      const bytes = nested ? relayed(encoded, { link: FAR }) : encoded;
      for (const [at, value] of changes) bytes[at % bytes.length] = value;
      const given = cut % 3 === 0 ? bytes.subarray(0, cut % (bytes.length + 1)) : bytes;
      const out = bed.bytesIn(given);
      received++;
      if (out !== undefined) assert.deepEqual(innermost(decodeDhcp6(out)).malformed, []);
      const { sent, refused, received: counted } = bed.server.view();
      const all = [...Object.values(sent), ...Object.values(refused)].reduce((sum, one) => sum + one, 0);
      assert.deepEqual([counted, all], [received, received]);
    }),
    { numRuns: 1500 },
  );
});

test("addresses lie in the pool of the link their client is on", () => {
  const bed = new Bed(SMALL);
  for (let n = 1; n <= 12; n++) {
    const message = encodeDhcp6(said(n, "request", { iaNa: [iaNa({ iaid: 1 })] }));
    const near = innermost(decodeDhcp6(bed.bytesIn(message) ?? new Uint8Array(0)));
    const far = innermost(decodeDhcp6(bed.bytesIn(relayed(message, { link: FAR })) ?? new Uint8Array(0)));
    for (const [answer, pool] of [
      [near, "2001:db8:1::100/123"],
      [far, "2001:db8:2::100/124"],
    ] as const)
      for (const { what } of (answer.options.iaNa ?? []).flatMap(addressesOf)) assert.ok(ipv6Covers(net(pool), net(`${what}/128`)), what);
  }
});
