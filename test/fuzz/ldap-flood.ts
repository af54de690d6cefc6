/**
 * A directory that answers otherwise than it should, message by message: the fetching half of `directory` reads it in every way it can,
 * over plain connections, StartTLS and ldaps, in pages, by marks and by synchronisation, following referrals and nested groups.
 */
import assert from "node:assert/strict";
import { instant } from "../../src/base/time.ts";
import { FAILURE_REASONS, TRANSPORT_FAILURES } from "../../src/machines/ldap-session/state.ts";
import type { SourceConfig } from "../../src/services/directory/config.ts";
import type { UserEntry } from "../../src/services/directory/entries.ts";
import type { Batch } from "../../src/services/directory/fetch/batches.ts";
import { type Held, NOTHING_HELD, Puller } from "../../src/services/directory/fetch/puller.ts";
import { REJECT_REASONS } from "../../src/services/directory/fetch/rules.ts";
import { encodeLdap } from "../../src/wire/ldap/message.ts";
import { EXTENDED_OID } from "../../src/wire/ldap/operations.ts";
import { resultOf } from "../support/session.ts";
import { SimClock, Timeline } from "../../src/sim/clock.ts";
import { ActedStreams, type ActedStream } from "../support/acted-streams.ts";
import { FENCES } from "../support/pulling.ts";
import { Answers } from "./ldap-answers.ts";
import { CheapLuck } from "./luck.ts";
import { mutated } from "./mutate.ts";
import { added, bearing, type Poured, touched, Watch } from "./poured.ts";
import { repairedLdap } from "./repair.ts";
import { SOURCE as PULLED_SOURCE } from "./pulled.ts";

const attribute = (value: string) => ({ kind: "attribute", value }) as const;
const SOURCE: SourceConfig = {
  ...PULLED_SOURCE,
  users: { ...PULLED_SOURCE.users, fields: { ...PULLED_SOURCE.users.fields, gid: attribute("gidNumber"), home: attribute("homeDirectory") } },
};
/** Ways to read a source. */
const SOURCES: readonly SourceConfig[] = [
  SOURCE,
  { ...SOURCE, bindDn: "cn=reader", bindPassword: "secret" },
  { ...SOURCE, transport: "starttls", bindDn: "cn=reader", bindPassword: "secret" },
  { ...SOURCE, transport: "ldaps", bind: "external", authorizationId: "u:reader" },
  { ...SOURCE, pageSize: 0, referrals: "fail" },
  { ...SOURCE, pagination: "required", referrals: "follow" },
  { ...SOURCE, refresh: "check", nested: true },
  { ...SOURCE, refresh: "sync" },
  { ...SOURCE, refresh: "sync", referrals: "follow" },
];
const NOTICE = encodeLdap({
  id: 0,
  operation: { kind: "extendedResponse", result: resultOf(52), name: EXTENDED_OID.noticeOfDisconnection },
  controls: [],
});
const MOST_MESSAGES = 40;
/** Of a thousand conversations this many end in each other way. */
const ENDED_OTHERWISE = 10;
const LATE = 100;
/** What must never stand in a field of a line, whatever a server says. */
const UNFIT = /[:\n\r\0]/;

class Reading {
  readonly timeline = new Timeline();
  readonly streams = new ActedStreams();
  readonly puller: Puller;
  readonly refused: Record<string, number>;
  held: Held = NOTHING_HELD;
  update = 0;
  answered = 0;
  entries = 0;

  constructor(source: SourceConfig, refused: Record<string, number>) {
    this.refused = refused;
    this.puller = new Puller({
      clock: new SimClock(this.timeline, 1),
      streams: this.streams,
      output: {
        entries: (batch) => this.#fit(batch),
        pulled: ({ update, ok, failure, reason, rejects }) => {
          assert.equal(update, this.update, "another update than the one that runs is answered for");
          this.answered++;
          if (ok) this.held = { update, change: 0 };
          else added(this.refused, failure?.reason ?? reason.replace(/[ :(].*/s, ""));
          for (const { reason: why, count } of rejects) added(this.refused, why.replace(/^.*\//, "").replace(/\(.*/, ""), count);
        },
        changes: ({ users, groups, change, update }) => {
          this.#fit({ users, groups });
          this.held = { update, change };
        },
        stale: () => undefined,
      },
      log: { write: () => undefined },
    });
    this.puller.configure({ resolvers: [], idFences: FENCES, sources: [source] });
  }

  begin(): void {
    const { stream } = this;
    this.streams.made.splice(0, this.streams.made.length, ...(stream === undefined ? [] : [stream]));
    this.puller.pull(++this.update, 60, [this.held]);
  }

  /** The connection that is spoken on. */
  get stream(): ActedStream | undefined {
    const stream = this.streams.made.at(-1);
    return stream === undefined || stream.closed ? undefined : stream;
  }

  #fit({ users, groups }: Omit<Batch, "update">): void {
    this.entries += users.length + groups.length;
    for (const user of users) assert.ok(isFit(user), JSON.stringify(user));
    for (const { name, gid, members } of groups) {
      assert.ok(!UNFIT.test(name) && gid >= FENCES.minGid && gid <= FENCES.maxGid, JSON.stringify({ name, gid }));
      for (const member of members) assert.ok(!UNFIT.test(member) && !member.includes(","), member);
    }
  }
}

function isFit({ name, uid, gid, gecos, home, shell, password, sshKeys }: UserEntry): boolean {
  const isText = [name, gecos, home, shell, password].every((text) => !UNFIT.test(text)) && !/[^\P{Cc}\t]/u.test(sshKeys);
  return isText && uid >= FENCES.minUid && uid <= FENCES.maxUid && gid >= FENCES.minGid && gid <= FENCES.maxGid;
}

/** @param spoil changes each message before it is heard: a test plants with it */
export function ldapFlood(
  { runs, seed }: { readonly runs: number; readonly seed: number },
  tell: (done: number) => void,
  spoil: (bytes: Uint8Array) => Uint8Array = (same) => same,
): Poured {
  const luck = new CheapLuck(seed);
  const answers = new Answers(luck);
  const refused: Record<string, number> = {};
  const said: Record<string, number> = {};
  const readings = SOURCES.map((source) => new Reading(source, refused));
  const watch = new Watch(tell);
  const begun = { connected: new WeakSet<ActedStream>(), secured: new WeakSet<ActedStream>() };
  let done = 0;
  for (let turn = 0; done < runs; turn++) {
    const reading = readings[turn % readings.length] ?? assert.fail();
    const { answered } = reading;
    reading.begin();
    for (let messages = 0; messages < MOST_MESSAGES && done < runs; messages++) {
      const { stream } = reading;
      if (stream === undefined) break;
      // Now and then nobody takes the connection, or a server talks on for longer than an update may take.
      if (luck.below(1000) < LATE) reading.timeline.runUntil(instant(reading.timeline.now + (luck.perMille(500) ? 11_000 : 29_000)));
      if (stream.closed) continue;
      if (begins(begun.connected, stream)) stream.connect();
      if (stream.tls && begins(begun.secured, stream)) stream.handlers.secured();
      if (luck.below(1000) < ENDED_OTHERWISE) endOtherwise(reading, stream, luck);
      if (stream.closed) continue;
      const [bytes, what] = made(answers, stream, luck);
      added(said, what);
      watch.looked(++done);
      bearing(bytes, () => hear(stream, spoil(bytes), luck));
      // A session that stays has told all there is, and is asked again.
      if (reading.answered > answered && luck.perMille(300)) break;
    }
    if (reading.answered === answered || luck.perMille(200)) reading.stream?.handlers.closed();
    // Whoever was asked since then does not answer.
    if (reading.answered === answered) reading.timeline.runUntil(instant(reading.timeline.now + 120_000));
    assert.equal(reading.answered, answered + 1, "a source is answered for exactly once");
  }
  const unmet = [...FAILURE_REASONS, ...REJECT_REASONS].filter((reason) => refused[reason] === undefined);
  const whole = readings.reduce((sum, { entries }) => sum + entries, 0);
  return {
    answered: said["as it was"] ?? 0,
    seconds: watch.seconds,
    counts: { said, refused },
    unmet,
    notes: [`${whole} entries taken`, watch.note],
  };
}

function begins(all: WeakSet<ActedStream>, stream: ActedStream): boolean {
  if (all.has(stream)) return false;
  all.add(stream);
  return true;
}

function made(answers: Answers, stream: ActedStream, luck: CheapLuck): readonly [bytes: Uint8Array, what: string] {
  const id = stream.sent.at(-1)?.id ?? 1;
  const good = answers.to(stream);
  const toss = luck.below(1000);
  if (toss < 650) return [repairedLdap(good, id), "as it was"];
  if (toss < 880) return [repairedLdap(touched(good, luck), id), "touched"];
  if (toss < 940) return [repairedLdap(mutated([good], luck), id), "changed"];
  if (toss < 965) return [repairedLdap(mutated(answers.samples, luck), id), "something else"];
  return [mutated([good], luck), "broken"];
}

function hear(stream: ActedStream, bytes: Uint8Array, luck: CheapLuck): void {
  const cut = luck.perMille(100) ? luck.below(bytes.length + 1) : bytes.length;
  stream.handlers.received(bytes.slice(0, cut));
  if (cut < bytes.length && !stream.closed) stream.handlers.received(bytes.slice(cut));
}

function endOtherwise({ timeline }: Reading, stream: ActedStream, luck: CheapLuck): void {
  const toss = luck.below(4);
  if (toss === 0) stream.handlers.closed();
  else if (toss === 1) stream.handlers.failed(luck.pick(TRANSPORT_FAILURES), "");
  else if (toss === 2) timeline.runUntil(instant(timeline.now + 31_000));
  else stream.handlers.received(NOTICE);
}
