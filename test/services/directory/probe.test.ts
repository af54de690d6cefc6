/** A probe of one source: what an operator is told of each step, on a server that is simulated. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { instant } from "../../../src/base/time.ts";
import type { StreamHandlers, StreamTarget, TlsStreams } from "../../../src/ports/tls-streams.ts";
import type { FetcherConfig, SourceConfig } from "../../../src/services/directory/config.ts";
import { Probe } from "../../../src/services/directory/probe/probe.ts";
import type { ProbeReport } from "../../../src/services/directory/probe/report.ts";
import { LdapDirectory } from "../../../src/sim/actors/ldap-directory.ts";
import { directoryOf } from "../../../src/sim/actors/ldap-entries.ts";
import { Chance } from "../../../src/sim/chance.ts";
import { SimClock, Timeline } from "../../../src/sim/clock.ts";
import { BASE, FETCHER, SECRET } from "../../../src/sim/directory/settings.ts";
import { LdapStreams } from "../../../src/sim/directory/streams.ts";

const PEOPLE = Array.from({ length: 20 }, (_, i) => ({ name: `user${i}`, id: i === 3 ? 12 : 2000 + i, group: 5000, gecos: "x" }));
const TEAMS = [{ name: "team", id: 5000, members: ["user0", "user1"] }];

function scene(source: Partial<SourceConfig> = {}, wrap: (streams: TlsStreams) => TlsStreams = (streams) => streams) {
  const timeline = new Timeline();
  const ldap = new LdapDirectory({ ...SECRET, anonymous: false }, directoryOf(BASE, PEOPLE, TEAMS));
  const reports: ProbeReport[] = [];
  const probe = new Probe({ clock: new SimClock(timeline, 1), streams: wrap(new LdapStreams(timeline, new Chance(7), ldap)) }, (report) =>
    reports.push(report),
  );
  const [first] = FETCHER.sources;
  assert.ok(first !== undefined);
  const config: FetcherConfig = { ...FETCHER, sources: [first, { ...first, name: "probed", ...source }] };
  return {
    probe,
    reports,
    begin: (place = 1): ProbeReport => {
      probe.begin(config, place);
      timeline.runUntil(instant(120_000));
      const last = reports.at(-1);
      assert.ok(last !== undefined);
      return last;
    },
    beginOnly: (): void => probe.begin(config, 1),
    pass: (seconds: number): void => timeline.runUntil(instant(timeline.now + seconds * 1000)),
  };
}

test("each step is told as it ends, in its order, then what would be served and what would not", () => {
  const { begin, reports } = scene();
  const report = begin();
  assert.deepEqual(
    report.steps.map(({ step, ok }) => [step, ok]),
    [
      ["connect", true],
      ["starttls", true],
      ["tls", true],
      ["bind", true],
      ["users", true],
      ["groups", true],
    ],
  );
  assert.match(report.steps[4]?.detail ?? "", /^7 entries on the first page$/, "of pages of seven the first");
  assert.deepEqual([report.done, report.reason, report.users, report.groups], [true, "", 19, 1]);
  assert.deepEqual(report.lines.length, 4);
  assert.match(report.lines[0] ?? "", /^user0:\*:2000:5000:x:/);
  assert.match(report.lines[3] ?? "", /^team:\*:5000:user0,user1$/);
  const [rejected] = report.rejects;
  assert.deepEqual([rejected?.reason, rejected?.count, rejected?.samples], ["users/id-out-of-range(uid)", 1, [`uid=user3,ou=people,${BASE}`]]);
  assert.deepEqual(
    reports.map(({ steps, done }) => [steps.length, done]),
    [
      [1, false],
      [2, false],
      [3, false],
      [4, false],
      [5, false],
      [6, false],
      [6, true],
    ],
  );
});

test("a name that has to be looked up is a step of its own, with its addresses", () => {
  const resolving = (streams: TlsStreams): TlsStreams => ({
    connect: (target: StreamTarget, handlers: StreamHandlers) => {
      handlers.resolved?.(["192.0.2.10", "2001:db8::10"]);
      return streams.connect(target, handlers);
    },
  });
  const report = scene({ servers: [{ host: "ldap.office.example", address: undefined, port: 389 }] }, resolving).begin();
  assert.deepEqual(
    report.steps.slice(0, 2).map(({ step, detail }) => [step, detail]),
    [
      ["resolve", "ldap.office.example is 192.0.2.10, 2001:db8::10"],
      ["connect", "ldap.office.example, port 389"],
    ],
  );
});

test("a wrong password fails at the bind, with the server's code, and is in no report", () => {
  const { begin, reports } = scene({ bindPassword: "not the right one" });
  const report = begin();
  assert.deepEqual(report.steps.at(-1)?.step, "bind");
  assert.equal(report.steps.at(-1)?.ok, false);
  assert.match(report.steps.at(-1)?.detail ?? "", /code 49/);
  assert.match(report.reason, /bind-refused 49/);
  assert.equal(JSON.stringify(reports).includes("not the right one"), false);
  assert.equal(JSON.stringify(scene().reports).includes(SECRET.password), false);
});

test("a filter that is none, and a source that is not there, end a probe before anything is asked", () => {
  const [first] = FETCHER.sources;
  assert.ok(first !== undefined);
  const report = scene({ users: { ...first.users, filter: "(" } }).begin();
  assert.deepEqual([report.steps, report.done], [[], true]);
  assert.match(report.reason, /filter/);
  assert.equal(scene().begin(7).reason, "there is no such source");
});

test("a server that says nothing ends the probe after its time", () => {
  const silent = (): TlsStreams => ({
    connect: () => ({ send: () => undefined, startTls: () => undefined, pause: () => undefined, resume: () => undefined, close: () => undefined }),
  });
  const report = scene({}, silent).begin();
  assert.equal(report.done, true);
  assert.match(report.reason, /timeout/);
});

test("a probe that is given up says nothing more", () => {
  const { probe, reports, beginOnly, pass } = scene();
  beginOnly();
  pass(0.001);
  const before = reports.length;
  probe.abandon();
  pass(200);
  assert.equal(reports.length, before);
});
