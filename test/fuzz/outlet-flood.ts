/**
 * Whoever may ask the directory something, asking what nobody should: YP and the portmapper in datagrams and on connections, rpcbind's
 * answers, and Varlink; whole, touched, cut and run together, from this machine, from networks that may ask and from others.
 */
import assert from "node:assert/strict";
import { decodeAll } from "../../src/base/codec.ts";
import type { Ipv6Address } from "../../src/base/ipv6.ts";
import { LIMITS } from "../../src/base/limits.ts";
import { DIRECTORY_LIMITS } from "../../src/base/limits-directory.ts";
import type { StreamPurpose } from "../../src/ports/streams.ts";
import type { DirectoryConfig } from "../../src/services/directory/config.ts";
import { REQUEST_REFUSALS, type RpcPurpose } from "../../src/services/directory/outlets.ts";
import { STREAM_ENDS, type StreamEvents } from "../../src/services/directory/stream.ts";
import { rpcMessage } from "../../src/wire/rpc/message.ts";
import { recordOf } from "../../src/wire/rpc/records.ts";
import { KEY_OF_ALICE, PORTMAPPER_CALLS, VARLINK_CALLS, YP_CALLS } from "../services/directory/requests.ts";
import { ask, call, CONFIG, group, resultIn, user, utf8, world } from "../services/directory/world.ts";
import { rpcSamples } from "./decoders.ts";
import { CheapLuck } from "./luck.ts";
import { mutated } from "./mutate.ts";
import { added, bearing, type Poured, summed, touched, Watch } from "./poured.ts";

type World = ReturnType<typeof world>;
/** What becomes of a request on its way. */
type Spoil = (bytes: Uint8Array) => Uint8Array;

const USERS = 40;
const CONFIGURED: DirectoryConfig = { ...CONFIG, yp: { ...(CONFIG.yp ?? assert.fail()), register: "rpcbind" } };
/** Too large for a datagram. */
const CROWD = Array.from({ length: 2000 }, (_, i) => `person${i}`);
const PEERS = ["127.0.0.1", "::1", "192.0.2.7", "192.0.2.8", "2001:db8::9", "198.51.100.1"] as const;
const OPEN_LEAST = 8;
const OPEN_MOST = 150;
const GREEDY = DIRECTORY_LIMITS.directoryConnectionsPerPeer + 2;
const TEAM = call("match", { domain: "home", map: "group.byname", key: utf8("team") });
/** Enough of its answers to be too many for a second. */
const MANY = Math.ceil(DIRECTORY_LIMITS.datagramBytesPerSecond / 7000);
const HOUSEKEEPING = 1024;
const FLOOD_OF_BYTES = new Uint8Array(DIRECTORY_LIMITS.directoryWaitingBytes + 1).fill(0x20);
/** A header and three words around a value. */
const ANSWER_BYTES = LIMITS.ypDatagramValueBytes + 64;
const JSON_EACH = 64;

class Client {
  readonly purpose: StreamPurpose;
  readonly events: StreamEvents;
  isOpen = true;
  room: number;
  #tail = "";
  #messages = 0;

  constructor(self: World, purpose: StreamPurpose, peer: string, uid: number | undefined, roomBytes = 1024) {
    this.purpose = purpose;
    this.room = roomBytes;
    const end = (): void => {
      this.isOpen = false;
    };
    const io = {
      write: (bytes: Uint8Array): boolean => {
        assert.ok(this.isOpen, "written to after its end");
        if (purpose === "userdb") this.#read(bytes);
        this.room -= bytes.length;
        return this.room > 0;
      },
      close: end,
      abort: end,
    };
    this.events = self.service.stream({ number: 1, purpose, peer, port: 700, uid }, io);
  }

  reads(bytes: number): void {
    this.room = bytes;
    this.events.drained();
  }

  leaves(): void {
    if (this.isOpen) this.events.closed();
    this.isOpen = false;
  }

  /** Every reply is JSON and ends with a zero octet. */
  #read(bytes: Uint8Array): void {
    const parts = (this.#tail + new TextDecoder().decode(bytes)).split("\0");
    this.#tail = parts.pop() ?? "";
    for (const part of parts) if (this.#messages++ % JSON_EACH === 0) assert.ok(typeof JSON.parse(part) === "object", part);
  }
}

class Crowd {
  readonly worlds: readonly World[];
  readonly luck: CheapLuck;
  readonly counts = { asked: {} as Record<string, number>, refused: {} as Record<string, number> };
  /** Answers that were too many for a second. */
  tooMuch = 0;
  readonly #purposes: readonly [StreamPurpose, ...StreamPurpose[]];
  readonly #open = new Map<StreamPurpose, Client[]>();

  constructor(seed: number, purposes: readonly [StreamPurpose, ...StreamPurpose[]]) {
    this.#purposes = purposes;
    this.luck = new CheapLuck(seed);
    const full = world(CONFIGURED);
    const users = Array.from({ length: USERS }, (_, i) => user(i === 0 ? "alice" : `person${i}`, 2001 + i));
    full.serving({ users, groups: [group("staff", 3001, ["alice"]), group("crowd", 3002, CROWD), group("team", 3003, CROWD.slice(0, 750))] });
    const empty = world(CONFIGURED);
    empty.ready();
    this.worlds = [full, full, full, empty];
    for (const self of [full, empty]) self.service.listening(600);
  }

  /** A connection that is open, of this kind; now and then one of them ends, or is read from. */
  connection(purpose: StreamPurpose): Client {
    const { luck } = this;
    const open = this.#open.get(purpose) ?? [];
    this.#open.set(purpose, open);
    if (open.length < OPEN_LEAST || (open.length < OPEN_MOST && luck.perMille(100))) open.push(this.#opened(purpose));
    const at = luck.below(open.length);
    const client = open[at] ?? assert.fail();
    if (client.isOpen && !luck.perMille(5)) {
      if (client.room <= 0 && luck.perMille(300)) client.reads(1 << luck.below(18));
      return client;
    }
    client.leaves();
    open.splice(at, 1);
    return this.connection(purpose);
  }

  #opened(purpose: StreamPurpose, self = this.luck.some(this.worlds) ?? assert.fail()): Client {
    const [peer, uid] = purpose === "userdb" ? ["", this.luck.below(4)] : [this.luck.pick(PEERS), undefined];
    return new Client(self, purpose, peer, uid, 1 << this.luck.below(14));
  }

  /** Time passes, somebody is greedy, what tests remember is forgotten, and what is served is still served. */
  keep(): void {
    const { luck } = this;
    const full = this.worlds[0] ?? assert.fail();
    const purpose = luck.pick(this.#purposes);
    if (luck.perMille(300)) {
      const greedy = Array.from({ length: GREEDY }, () => new Client(full, purpose, purpose === "userdb" ? "" : PEERS[0], 1));
      for (const client of greedy) client.leaves();
    }
    if (luck.perMille(100)) for (let i = 0; i < MANY; i++) if (ask(full.service, TEAM, PEERS[2]) === undefined) this.tooMuch++;
    for (const self of new Set(this.worlds)) {
      self.pass(luck.pick([1, 5, 35, 70]));
      for (const all of [self.logged, self.connects, self.pulls, self.saved, self.happened]) all.length = 0;
    }
    const answer = ask(full.service, call("match", KEY_OF_ALICE)) ?? assert.fail("no answer");
    assert.equal(resultIn("match", answer).status, "true");
  }

  /** @returns what of these was not met, by the names behind outlet and transport */
  told(prefixes: readonly RegExp[], reasons: readonly string[]): { readonly unmet: readonly string[]; readonly answered: number } {
    const { asked, refused } = this.counts;
    for (const self of new Set(this.worlds)) {
      const view = self.service.view();
      for (const [name, count] of Object.entries(view.requests)) if (prefixes.some((prefix) => prefix.test(name))) added(asked, name, count);
      for (const [name, count] of [...Object.entries(view.refused), ...Object.entries(view.connectionsEnded)])
        if (prefixes.some((prefix) => prefix.test(name))) added(refused, name, count);
    }
    const met = Object.keys(refused);
    return { unmet: reasons.filter((reason) => !met.some((name) => name.endsWith(`-${reason}`))), answered: summed(asked) };
  }

  close(): void {
    for (const client of [...this.#open.values()].flat()) client.leaves();
    for (const self of new Set(this.worlds)) assert.equal(self.service.view().connections, 0);
  }
}

function made(samples: readonly Uint8Array[], luck: CheapLuck): Uint8Array {
  const toss = luck.below(1000);
  const good = luck.some(samples) ?? new Uint8Array(0);
  return toss < 350 ? good : toss < 750 ? touched(good, luck) : mutated(samples, luck);
}

/** In one piece or two; sometimes the second comes later, or never. */
function said(client: Client, bytes: Uint8Array, luck: CheapLuck): void {
  const cut = luck.perMille(200) ? luck.below(bytes.length + 1) : bytes.length;
  client.events.data(bytes.subarray(0, cut));
  if (cut < bytes.length && client.isOpen && !luck.perMille(100)) client.events.data(bytes.subarray(cut));
}

const RPC_ENDS = STREAM_ENDS.filter((end) => end !== "shut-down");
const DATAGRAMS = { yp: [...YP_CALLS, ...rpcSamples()], portmapper: [...PORTMAPPER_CALLS, ...rpcSamples()] } as const;
const RECORDS = [...YP_CALLS, ...PORTMAPPER_CALLS, ...rpcSamples()].map(recordOf);

type Size = { readonly runs: number; readonly seed: number };
const asItIs: Spoil = (bytes) => bytes;

export function rpcFlood({ runs, seed }: Size, tell: (done: number) => void, spoil: Spoil = asItIs): Poured {
  const crowd = new Crowd(seed, ["yp", "portmapper"]);
  const { luck } = crowd;
  const watch = new Watch(tell);
  const datagrams = { sent: 0, answered: 0, told: 0 };
  for (let done = 1; done <= runs; done++) {
    watch.looked(done);
    if (done % HOUSEKEEPING === 0) crowd.keep();
    const toss = luck.below(1000);
    if (toss < 500) datagram(crowd, datagrams, spoil);
    else if (toss < 950) onConnection(crowd, luck.perMille(700) ? "yp" : "portmapper", RECORDS, spoil);
    else registering(crowd, spoil);
  }
  crowd.close();
  const { answered, unmet } = crowd.told([/^(yp|portmapper)/], [...REQUEST_REFUSALS, ...RPC_ENDS]);
  const { asked, refused } = crowd.counts;
  const silenced = Object.entries(refused).reduce((sum, [name, count]) => sum + (name.includes("-udp-") ? count : 0), 0);
  assert.equal(datagrams.answered + silenced, datagrams.sent + datagrams.told + crowd.tooMuch, "each datagram is answered or refused, once");
  return {
    answered,
    seconds: watch.seconds,
    counts: { asked, refused },
    unmet,
    notes: [`${datagrams.answered} of ${datagrams.sent} datagrams answered`, watch.note],
  };
}

function datagram({ worlds, luck }: Crowd, counts: { sent: number; answered: number; told: number }, spoil: Spoil): void {
  const purpose: RpcPurpose = luck.perMille(700) ? "yp" : "portmapper";
  const payload = luck.perMille(1) ? new Uint8Array(LIMITS.rpcRequestBytes + 1) : made(DATAGRAMS[purpose], luck);
  const self = luck.some(worlds) ?? assert.fail();
  const from = luck.pick(PEERS) as Ipv6Address;
  counts.sent++;
  bearing(payload, () => {
    const answer = self.service.datagram(purpose, { from, port: 700, payload: spoil(payload) });
    if (answer === undefined) return;
    counts.answered++;
    assert.ok(answer.length <= ANSWER_BYTES, `${answer.length} octets in a datagram`);
    const reply = decodeAll(rpcMessage, answer);
    assert.ok(reply.kind !== "call" && reply.kind !== "foreignCall", "an answer that is a question");
    if (reply.kind !== "success") counts.told++;
  });
}

function onConnection(crowd: Crowd, purpose: StreamPurpose, samples: readonly Uint8Array[], spoil: Spoil): void {
  const { luck } = crowd;
  const bytes = luck.below(2000) === 0 ? FLOOD_OF_BYTES : made(samples, luck);
  bearing(bytes, () => said(crowd.connection(purpose), spoil(bytes), luck));
}

/** rpcbind answers what it was asked, otherwise than it should. */
function registering({ worlds, luck }: Crowd, spoil: Spoil): void {
  const self = luck.some(worlds) ?? assert.fail();
  let asked = new Uint8Array(0);
  let isOpen = true;
  const end = (): void => {
    isOpen = false;
  };
  const write = (bytes: Uint8Array): boolean => {
    asked = new Uint8Array(bytes);
    return true;
  };
  const events = self.service.stream({ number: 1, purpose: "rpcbind", peer: "", port: 0, uid: undefined }, { write, close: end, abort: end });
  for (let i = 0; i < 3 && isOpen; i++) {
    const xid = asked.subarray(4, 8);
    const good = luck.some(RECORDS) ?? asked;
    const answer = luck.perMille(800) && asked.length > 0 ? replyTo(xid, luck) : good;
    const bytes = luck.perMille(500) ? answer : touched(answer, luck);
    bearing(bytes, () => events.data(spoil(bytes)));
  }
  events.closed();
}

/** Accepted: yes, no, or an address. */
function replyTo(xid: Uint8Array, luck: CheapLuck): Uint8Array {
  const accepted = [0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
  const results = [
    [0, 0, 0, 1],
    [0, 0, 0, 0],
    [0, 0, 0, 9, ...Buffer.from("::1.2.88\0\0\0\0")],
  ] as const;
  return recordOf(Uint8Array.of(...xid, ...accepted, ...(luck.some(results) ?? results[0])));
}

const USERDB_CALLS = [
  ...VARLINK_CALLS,
  ...[
    'GetUserRecord","parameters":{"userName":"alyce",',
    'GetGroupRecord","parameters":{"gid":9,',
    'GetMemberships","parameters":{"userName":"alice",',
  ].map((what) => utf8(`{"method":"io.systemd.UserDatabase.${what}"service":"org.example.directory"}}\0`)),
  utf8('{"method":"org.varlink.service.GetInfo"}\0{"method":"org.varlink.service.GetInterfaceDescription"}\0'),
];

export function varlinkFlood({ runs, seed }: Size, tell: (done: number) => void, spoil: Spoil = asItIs): Poured {
  const crowd = new Crowd(seed, ["userdb"]);
  const watch = new Watch(tell);
  for (let done = 1; done <= runs; done++) {
    watch.looked(done);
    if (done % HOUSEKEEPING === 0) crowd.keep();
    onConnection(crowd, "userdb", USERDB_CALLS, spoil);
  }
  crowd.close();
  const reasons = [
    "BadService",
    "NoRecordFound",
    "ServiceNotAvailable",
    "ConflictingRecordFound",
    "bad-parameter",
    "expected-more",
    "unknown-method",
  ];
  const ends = STREAM_ENDS.filter((end) => end !== "shut-down" && end !== "silenced");
  const { answered, unmet } = crowd.told([/^userdb/], ends);
  const { asked, refused } = crowd.counts;
  return {
    answered,
    seconds: watch.seconds,
    counts: { asked, refused },
    unmet: [...unmet, ...reasons.filter((reason) => asked[`userdb-${reason}`] === undefined)],
    notes: [watch.note],
  };
}
