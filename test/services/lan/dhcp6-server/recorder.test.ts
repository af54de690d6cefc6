/** The DHCPv6 server writes down what it is told while somebody asks for it, and another one that is told the same says the same. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { toHex } from "../../../../src/base/hex.ts";
import { ipv6Bytes, ipv6Prefix } from "../../../../src/base/ipv6.ts";
import { LIMITS } from "../../../../src/base/limits.ts";
import { instant } from "../../../../src/base/time.ts";
import type { LanConfig } from "../../../../src/services/lan/config.ts";
import type { Lease } from "../../../../src/ports/leases.ts";
import { PacketBatch, REPLY_SHAPE, ReplyBatch } from "../../../../src/services/lan/dhcp6-server/batch.ts";
import { Dhcp6ServerPlayer } from "../../../../src/services/lan/dhcp6-server/player.ts";
import type { Dhcp6ServerEvent } from "../../../../src/services/lan/dhcp6-server/recorded.ts";
import { RecordedDhcp6Server } from "../../../../src/services/lan/dhcp6-server/recorder.ts";
import { Offers } from "../../../../src/services/leases/offers.ts";
import { LeaseTable } from "../../../../src/services/leases/table.ts";
import { decodeRecording, type Replayed, replay } from "../../../../src/services/recording.ts";
import { Chance } from "../../../../src/sim/chance.ts";
import { SimClock, Timeline } from "../../../../src/sim/clock.ts";
import { withoutSecretOctets } from "../../../../src/wire/dhcp6/blank.ts";
import { type Dhcp6ClientKind, encodeDhcp6 } from "../../../../src/wire/dhcp6/message.ts";
import { type IaPrefix, iaNa, iaPd, iaPrefix } from "../../../../src/wire/dhcp6/leases.ts";
import type { Dhcp6Options } from "../../../../src/wire/dhcp6/options.ts";
import { client, ip, LAN, LAN_ADDRESS, NOW, net, POOLS, relayed, SERVER, said } from "./support.ts";

const KEY = Uint8Array.from({ length: 16 }, (_, i) => 0xe0 + i);
const SECRET = Uint8Array.from({ length: 16 }, (_, i) => 0xa0 + i);
const KINDS: readonly [Dhcp6ClientKind, ...Dhcp6ClientKind[]] = [
  "solicit",
  "request",
  "request",
  "renew",
  "rebind",
  "confirm",
  "release",
  "decline",
  "informationRequest",
];
const SECOND = { ...LAN_ADDRESS, address: ip("2001:db8:77::1") };
const TOLD = { ...POOLS, reconfigure: true };
const CONFIG: LanConfig = {
  duid: SERVER,
  interfaces: [{ name: "lan0", number: 100, router: undefined, dhcp6: { mode: "server", pools: TOLD } }],
  relayedLinks: [{ number: 200, name: "far", prefix: net("2001:db8:2::/64"), selectors: [], pools: { ...TOLD, rapidCommit: true } }],
  classes: [],
  hosts: [],
};

const octets = (text: string): Uint8Array => new TextEncoder().encode(text);
const TELLING = { lifetimes: { preferredSeconds: 600, validSeconds: 1200 }, boot: [] } as const;
/** The same with more reserved hosts than one step of a recording holds, and a class whose clients get something else. */
const MANY: LanConfig = {
  ...CONFIG,
  classes: [
    {
      ...TELLING,
      name: "lab",
      tests: [{ code: 15, is: "equal", value: octets("lab") }],
      drop: false,
      options: [{ code: 200, value: octets("lab"), forced: true }],
    },
  ],
  hosts: Array.from({ length: 700 }, (_, n) => ({
    ...TELLING,
    name: `host${n}`,
    identities: [{ is: "duid", duid: client(5 * n + 1).duid, iaid: undefined }],
    addresses: [ip(`2001:db8:1::${(n + 1).toString(16)}`)],
    hostPart: undefined,
    prefixes: [],
    ignored: n % 4 === 3,
    options: [{ code: 200, value: octets(`host ${n}`), forced: false }],
  })),
};

/** A server with a clock, and strangers who say anything. */
class Street {
  readonly timeline = new Timeline();
  readonly clock = new SimClock(this.timeline, 1);
  readonly table = new LeaseTable({ key: KEY, maxLeases: LIMITS.leases, maxRowsPerClient: LIMITS.leasesPerClient });
  readonly server = new RecordedDhcp6Server({ table: this.table, offers: new Offers(KEY), key: KEY }, this.clock);
  readonly #packets = new PacketBatch({ slots: 64, arenaBytes: 640_000 });
  readonly #out = new ReplyBatch(REPLY_SHAPE);
  readonly #chance: Chance;
  readonly #config: LanConfig;
  answered = 0;

  constructor(seed: number, config: LanConfig = CONFIG) {
    this.#chance = new Chance(seed);
    this.#config = config;
    this.server.configure(config);
    this.server.setIndex("lan0", LAN);
    this.server.setAddresses("lan0", [LAN_ADDRESS]);
  }

  get seconds(): number {
    return NOW + this.timeline.now / 1000;
  }

  pass(seconds: number): void {
    this.timeline.runUntil(instant(this.timeline.now + 1000 * seconds));
  }

  hear(...datagrams: readonly Uint8Array[]): void {
    this.#packets.clear();
    this.#out.clear();
    for (const [n, bytes] of datagrams.entries())
      this.#packets.add(bytes, { link: LAN, address: ipv6Bytes(client(n + 1).address), port: 546, multicast: true });
    assert.equal(this.server.serve(this.#packets, { seconds: this.seconds }, this.#out), datagrams.length);
    this.answered += this.#out.count;
  }

  /** A while of everything: many clients, relays, secrets, garbage; addresses come and go, and leases end. */
  live(rounds: number, stepSeconds = 300): void {
    const chance = this.#chance;
    for (let round = 0; round < rounds; round++) {
      this.hear(...Array.from({ length: 1 + chance.below(8) }, () => this.#anything()));
      this.pass(chance.below(stepSeconds));
      this.#out.clear();
      if (chance.perMille(500)) this.server.sweep({ seconds: this.seconds }, 16, this.#out);
      if (chance.perMille(100)) this.server.setAddresses("lan0", chance.pick([[LAN_ADDRESS], [SECOND], [LAN_ADDRESS, SECOND], []]));
      if (chance.perMille(20)) this.server.configure(this.#config);
      if (chance.perMille(100))
        this.server.setUplinkPrefixes(chance.pick([[], [net("2001:db8:1::/56")], [net("2001:db8:77::/58"), net("2001:db8:1::/56")]]));
      if (chance.perMille(100)) this.server.reconfigure({ link: chance.pick(["", "lan0", "far"]), client: undefined, purpose: undefined });
    }
  }

  /** A prefix of one of the pools, or a length alone. */
  #hints(): readonly IaPrefix[] {
    const chance = this.#chance;
    if (chance.perMille(400)) return [];
    const length = 58 + chance.below(7);
    const pool = chance.pick(["2001:db8:8000:", "2001:db8:1:"]);
    return [iaPrefix(chance.perMille(300) ? net(`::/${length}`) : ipv6Prefix(ip(`${pool}${chance.below(256).toString(16)}::`), length))];
  }

  #anything(): Uint8Array {
    const chance = this.#chance;
    if (chance.perMille(50)) return chance.bytes(1 + chance.below(80));
    const ia = { iaNa: [iaNa({ iaid: 1 + chance.below(2) })], iaPd: chance.perMille(300) ? [iaPd({ iaid: 1, iaPrefix: this.#hints() })] : [] };
    const kind = chance.pick(KINDS);
    const userClass = chance.perMille(300) ? { userClass: [octets("lab")] } : {};
    const asked = kind === "informationRequest" ? { requestedOptions: [23, 32] } : { requestedOptions: [23, 24, 39, 200], ...ia };
    const name = { serverUpdates: false, overridden: false, noUpdates: true, name: `host${chance.below(3)}`, complete: false };
    const willing: Dhcp6Options = {
      ...(chance.perMille(600) ? { reconfigureAccept: true } : {}),
      ...(chance.perMille(300) ? { clientFqdn: name } : {}),
    };
    const options = { ...asked, ...userClass, ...willing };
    const inner = withAuthentication(
      encodeDhcp6(said(1 + chance.below(30), kind, { ...options, ...(chance.perMille(300) ? { rapidCommit: true } : {}) })),
    );
    if (chance.perMille(500)) return inner;
    return withAuthentication(relayed(inner, { link: ip("2001:db8:2::9"), interfaceId: Uint8Array.of(7), echoRequest: [11, 37] }));
  }
}

/** Pools so small that clients meet, in several lengths, of uplinks and for a class; hosts in their midst; and little for anybody. */
const CROWDED: LanConfig = {
  ...MANY,
  interfaces: [
    {
      name: "lan0",
      number: 100,
      router: undefined,
      dhcp6: {
        mode: "server",
        pools: {
          ...TOLD,
          addresses: [
            { first: ip("2001:db8:1::1f0"), last: ip("2001:db8:1::208"), class: undefined },
            { first: ip("2001:db8:1::300"), last: ip("2001:db8:1::30f"), class: "lab" },
          ],
          prefixes: [{ pool: net("2001:db8:8000::/57"), shortest: 59, longest: 64, usual: 62, excludedLength: 64, class: undefined }],
          uplinkPrefixes: { shortest: 60, longest: 64, usual: 64 },
          limits: { leasesPerClient: 2, leasesPerLink: 40, leasesPerRelayPort: undefined, messagesPerSecondPerSource: 2 },
        },
      },
    },
  ],
  relayedLinks: CONFIG.relayedLinks.map((link) => ({
    ...link,
    selectors: [{ code: 18, value: Uint8Array.of(7) }],
    pools: { ...link.pools, limits: { ...link.pools.limits, leasesPerRelayPort: 6 } },
  })),
  hosts: MANY.hosts.map((host, n) => (n < 3 ? { ...host, hostPart: ip(`::${n + 1}ff`), prefixes: [net(`2001:db8:8000:${n}0::/62`)] } : host)),
};

/** RFC 9915 §21.11; as a relay could, behind all else. */
function withAuthentication(message: Uint8Array): Uint8Array {
  return Uint8Array.from([...message, 0, 11, 0, 11 + SECRET.length, 3, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, ...SECRET]);
}

function recordingOf(street: Street, rounds: number): string {
  assert.ok(street.server.record(LIMITS.recordingSeconds));
  const before = street.answered;
  street.live(rounds, 8);
  const lines = street.server.take();
  assert.ok(lines !== undefined && street.answered > before);
  return `${lines.join("\n")}\n`;
}

function replayed(text: string, key?: Uint8Array): Replayed {
  return replay(new Dhcp6ServerPlayer(key), decodeRecording<null, Dhcp6ServerEvent>(text));
}

/** Long before the recording begins there are leases, free rows and a sweep on its way. */
function recorded(seed: number): string {
  const street = new Street(seed);
  street.live(200);
  return recordingOf(street, 60);
}

test("a server that is told the same says the same, whatever the key of its table", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 10_000 }), fc.uint8Array({ minLength: 16, maxLength: 16 }), (seed, key) => {
      const { steps, differs } = replayed(recorded(seed), key);
      assert.equal(differs, undefined);
      assert.ok(steps > 40, `${steps} steps`);
    }),
    { numRuns: 12 },
  );
});

test("a server whose pools are crowded, cut into several lengths, limited and in part reserved says the same again", () => {
  const refused = new Set<string>();
  for (let seed = 1; seed <= 6; seed++) {
    const street = new Street(seed, CROWDED);
    street.live(200, 60);
    assert.equal(replayed(recordingOf(street, 120)).differs, undefined, `seed ${seed}`);
    const { limited, refused: dropped, told } = street.server.view();
    for (const why of [...Object.keys(limited), ...Object.keys(dropped), ...Object.keys(told)]) refused.add(why);
  }
  for (const why of ["leasesPerClient", "leasesPerRelayPort", "too-many-messages", "host-ignored", "noAddrsAvail", "noPrefixAvail"])
    assert.ok(refused.has(why), `${why} did not happen: ${[...refused].join(" ")}`);
});

test("clients that are being told to come back as it begins, and those that are told in it, are told the same again", () => {
  const street = new Street(12);
  street.live(150, 4);
  const text = recordingOf(street, 100);
  for (const kind of ["reconfiguring", "reconfigure"]) assert.match(text, new RegExp(`"kind":"${kind}"`));
  assert.ok((street.server.view().reconfigure.counts["sent"] ?? 0) > 20, JSON.stringify(street.server.view().reconfigure.counts));
  assert.equal(replayed(text).differs, undefined);
  const lines = text.trimEnd().split("\n");
  const at = lines.findIndex((line) => /"kind":"reconfiguring".*"tries"/.test(line));
  assert.ok(at > 0 && replayed(lines.toSpliced(at, 1).join("\n")).differs !== undefined, "without those under way it is another server");
});

test("what an operator changes in it, and a disk that is full for a while, is said again", () => {
  const street = new Street(13);
  street.live(40, 8);
  const { server } = street;
  assert.ok(server.record(LIMITS.recordingSeconds));
  server.setAddresses("lan0", [LAN_ADDRESS]);
  const out = new ReplyBatch(REPLY_SHAPE);
  const lease: Lease = {
    ...({
      kind: "address",
      address: ip("2001:db8:1::77"),
      prefixLength: 128,
      link: "lan0",
      state: "bound",
      client: client(77).duid,
      iaid: 1,
    } as const),
    ...{ startSeconds: NOW, preferredUntilSeconds: NOW + 1e6, validUntilSeconds: NOW + 1e6, hostName: "" },
  };
  const put = [lease, { ...lease, address: ip("2001:db8:99::1") }];
  assert.deepEqual(server.change({ put, remove: [] }, { seconds: street.seconds }, out), ["done", "off-link"]);
  street.live(20, 8);
  for (const state of ["full", "stuck", "open"] as const) {
    server.diskIs(state);
    street.live(15, 8);
  }
  out.clear();
  assert.deepEqual(server.change({ put: [], remove: [lease] }, { seconds: street.seconds }, out), ["done"]);
  const lines = server.take() ?? [];
  assert.equal(replayed(`${lines.join("\n")}\n`).differs, undefined);
  for (const kind of ["changed", "disk"]) {
    const at = lines.findIndex((line) => line.includes(`"kind":"${kind}"`) && !line.includes('"state":"open"'));
    assert.ok(at > 0 && replayed(`${lines.toSpliced(at, 1).join("\n")}\n`).differs !== undefined, kind);
  }
});

test("what classes and thousands of reserved hosts make of it is said again: they come in pieces, none longer than a step", () => {
  const street = new Street(11, MANY);
  street.live(100);
  const text = recordingOf(street, 60);
  const kinds = [...text.matchAll(/"kind":"(configuring|configured)"/g)].map(([, kind]) => kind);
  assert.ok(kinds.indexOf("configured") > 3, kinds.join(" "));
  const { steps, differs } = replayed(text);
  assert.ok(differs === undefined && steps > 60, JSON.stringify(differs));
  const lines = text.trimEnd().split("\n");
  const at = lines.findIndex((line) => line.includes('"kind":"configuring"') && line.includes('"host0"'));
  assert.ok(at > 0 && replayed(lines.toSpliced(at, 1).join("\n")).differs !== undefined, "without a piece it is another server");
});

test("control: one changed octet of what came in, or of what keys had a say in, is noticed at its step", () => {
  const lines = recorded(3).trimEnd().split("\n");
  const at = lines.findIndex((line) => line.includes('"kind":"received"') && /"hashes":\{"\$":"bytes","hex":"\w/.test(line));
  assert.ok(at > 0);
  const changed = (change: (line: string) => string): number | undefined => {
    const other = lines.with(at, change(lines[at] ?? ""));
    assert.notEqual(other[at], lines[at]);
    return replayed(other.join("\n")).differs?.step;
  };
  const flipped = (digit: string): string => (Number.parseInt(digit, 16) ^ 1).toString(16);
  assert.equal(
    changed((line) => line.replace(/("payload":\{"\$":"bytes","hex":"\w{7})(\w)/, (_, head: string, digit: string) => head + flipped(digit))),
    at,
  );
  assert.equal(
    changed((line) => line.replace(/("hashes":\{"\$":"bytes","hex":"\w{15})(\w)/, (_, head: string, digit: string) => head + flipped(digit))),
    at,
  );
  assert.equal(
    changed((line) => line.replace(/("digest":")(\w)/, (_, head: string, digit: string) => head + flipped(digit))),
    at,
  );
});

test("the leases there were at the beginning count: without one of them the recording is another", () => {
  const lines = recorded(5).trimEnd().split("\n");
  const at = lines.findIndex((line) => line.includes('"kind":"leases"'));
  assert.ok(at > 0 && replayed(lines.toSpliced(at, 1).join("\n")).differs !== undefined);
});

test("no key and no secret of a client or relay is in it, and of what was said it is left out too (RFC 9915 §21.11, RFC 4994)", () => {
  const text = recorded(7);
  assert.ok(text.includes('"kind":"received"'));
  for (const secret of [KEY, SECRET]) for (let at = 0; at + 4 <= secret.length; at += 4) assert.ok(!text.includes(toHex(secret.slice(at, at + 4))));
});

test("secrets are blanked wherever they stand, and nothing else: lengths, and every other octet, stay", () => {
  const inner = encodeDhcp6(said(1, "solicit", { requestedOptions: [23] }));
  const blanked = (bytes: Uint8Array): string => toHex(withoutSecretOctets(bytes));
  assert.equal(blanked(inner), toHex(inner));
  const twice = withAuthentication(relayed(withAuthentication(inner)));
  assert.equal(blanked(twice).length, 2 * twice.length);
  assert.ok(!blanked(twice).includes(toHex(SECRET)));
  assert.ok(blanked(twice).includes(toHex(inner)));
  const broken = Uint8Array.from([...inner, 0, 99, 0, 200, ...withAuthentication(inner)]);
  assert.ok(!blanked(broken).includes(toHex(SECRET)));
});

test("clients with several leases get them in the same order from a table that is hashed otherwise", () => {
  const street = new Street(1);
  street.server.setAddresses("lan0", [LAN_ADDRESS, SECOND]);
  const all = (kind: Dhcp6ClientKind): void => {
    for (let n = 1; n <= 6000; n++) street.hear(encodeDhcp6(said(n, kind, { iaNa: [iaNa({ iaid: 1 })] })));
  };
  all("request");
  street.server.setAddresses("lan0", []);
  assert.ok(street.server.record(60));
  all("renew");
  const text = (street.server.take() ?? []).join("\n");
  const keys = [KEY, KEY.toReversed(), new Uint8Array(16)];
  assert.deepEqual(
    keys.map((key) => replayed(text, key).differs),
    keys.map(() => undefined),
  );
});

test("what is not asked for is not kept, and what is, is bounded in time, in steps, and by the leases there are", () => {
  const street = new Street(1);
  street.live(5, 1);
  assert.equal(street.server.take(), undefined);
  assert.ok(street.server.record(10));
  street.pass(11);
  street.live(3, 1);
  const lines = street.server.take() ?? [];
  assert.ok(lines.length > 3 && !lines.some((line) => line.includes('"received"')));
  assert.equal(street.server.take(), undefined, "given away once");

  assert.ok(street.server.record(10));
  street.pass(10 + LIMITS.recordingKeptSeconds);
  assert.equal(street.server.take(), undefined, "nobody came for it");

  assert.ok(street.server.record(LIMITS.recordingSeconds * 2));
  const small = encodeDhcp6(said(1, "confirm", {}));
  for (let i = 0; i < LIMITS.recordingSteps + 10; i++) street.hear(small);
  assert.ok((street.server.take() ?? []).length <= LIMITS.recordingSteps + 1);
});

test("a server that was told no configuration, or has too many leases, is not recorded", () => {
  const table = new LeaseTable({ key: KEY, maxLeases: LIMITS.leases, maxRowsPerClient: LIMITS.leasesPerClient });
  const server = new RecordedDhcp6Server({ table, offers: new Offers(KEY), key: KEY }, new SimClock(new Timeline(), 1));
  assert.ok(!server.record(10));
  server.configure(CONFIG);
  assert.ok(server.record(10));
  const address = new Uint8Array(16);
  for (let row = 0; row <= LIMITS.recordingLeases; row++) {
    address.set([row >>> 8, row & 255], 14);
    table.insert(1, 3, 1, new Uint8Array(0), 0, 0, address, 0, 128, 2);
  }
  assert.ok(!server.record(10));
});
