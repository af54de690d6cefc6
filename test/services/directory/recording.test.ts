/** What the directory is told is written down while somebody asks for it, and another one that is told the same says the same. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { toHex } from "../../../src/base/hex.ts";
import { LIMITS } from "../../../src/base/limits.ts";
import type { DirectoryConfig } from "../../../src/services/directory/config.ts";
import type { OutletEvent } from "../../../src/services/directory/recording/outlets.ts";
import { OutletsPlayer } from "../../../src/services/directory/recording/outlets-player.ts";
import type { UpdateEvent } from "../../../src/services/directory/recording/updates.ts";
import { UpdatesPlayer } from "../../../src/services/directory/recording/updates-player.ts";
import { SnapshotBuilder, snapshotEvents } from "../../../src/services/directory/recording/snapshot-lines.ts";
import { decodeRecording, replay } from "../../../src/services/recording.ts";
import { ask, CONFIG, call, connect, group, user, utf8, world } from "./world.ts";

const CONTENTS = {
  users: [user("ada", 2001, { gecos: "Ada Lovelace, Zählerin" }), user("bob", 2002), user("carl", 2002)],
  groups: [group("crew", 3000, ["ada", "bob"]), group("others", 3001)],
};
const YP = "yp" as const;
const YPPASSWD = 100009;
const SECRET = "$6$salt$neverToBeSeen";

function replayedRequests(text: string): number | undefined {
  return replay(new OutletsPlayer(), decodeRecording<null, OutletEvent>(text)).differs?.step;
}

function serving() {
  const self = world();
  self.serving(CONTENTS);
  self.service.listening(999);
  return self;
}

/** Datagrams, a connection to YP and one to userdb, and another directory in between. */
function recordedRequests(): string {
  const self = serving();
  assert.ok(self.service.record("requests", 60));
  const match = (key: string): Uint8Array => call("match", { domain: "home", map: "passwd.byuid", key: utf8(key) });
  const elsewhere = Uint8Array.from([...call("null", undefined, { program: YPPASSWD }), ...utf8(SECRET)]);
  const speak = (): void => {
    for (const key of ["2001", "2002", "2003"]) ask(self.service, match(key));
    ask(self.service, match("2001"), "2001:db8::7");
    ask(self.service, utf8("nonsense"));
    ask(self.service, elsewhere);
    ask(self.service, elsewhere.slice(0, 30));
    ask(self.service, utf8(`a long piece of nonsense: ${SECRET}`));
    connect(self.service, { purpose: YP }).sendRecord(elsewhere);
    const client = connect(self.service, { purpose: YP });
    client.sendRecord(call("all", { domain: "home", map: "passwd.byname" }));
    client.sendRecord(call("order", { domain: "home", map: "passwd.byname" }));
    const local = connect(self.service, { purpose: "userdb", uid: 1000, peer: "" });
    const parameters = { service: CONFIG.userdb?.service, userName: "ada" };
    local.send(utf8(`${JSON.stringify({ method: "io.systemd.UserDatabase.GetUserRecord", parameters })}\0`));
  };
  speak();
  self.pass(2);
  self.service.updates.refresh();
  self.give({ ...CONTENTS, users: [...CONTENTS.users, user("dora", 2003)] });
  speak();
  const lines = self.service.trace("requests");
  assert.ok(lines !== undefined);
  return lines.join("\n");
}

test("requests that are asked again get the same answers, before and behind a change of the directory", () => {
  const text = recordedRequests();
  const count = (kind: string): number => text.split(`"kind":"${kind}"`).length - 1;
  assert.deepEqual([count("datagram"), count("record"), count("varlink"), count("snapshot")], [16, 6, 2, 2]);
  assert.equal(replayedRequests(text), undefined);
});

test("a password that was sent to the wrong program is in no recording", () => {
  const text = recordedRequests();
  assert.ok(!text.includes(toHex(utf8(SECRET.slice(0, 8)))) && text.includes(toHex(utf8("passwd.byuid"))));
});

test("control: one changed octet of a request, and one of the snapshot, are noticed", () => {
  const lines = recordedRequests().split("\n");
  const changed = (kind: string, change: (line: string) => string): number | undefined => {
    const at = lines.findIndex((line) => line.includes(`"kind":"${kind}"`));
    const other = lines.with(at, change(lines[at] ?? ""));
    assert.notEqual(other[at], lines[at]);
    return replayedRequests(other.join("\n"));
  };
  const flip = (line: string): string =>
    line.replace(/("hex":"\w{6})(\w{2})/, (_, head: string, octet: string) => head + (octet === "61" ? "62" : "61"));
  assert.ok(changed("datagram", flip) !== undefined);
  assert.ok(changed("lines", flip) !== undefined);
});

test("a snapshot is made again of what is told of it, whoever of those with one id is found by it", () => {
  const names = fc.uniqueArray(fc.stringMatching(/^[a-z]{1,6}$/), { minLength: 1, maxLength: 12 });
  fc.assert(
    fc.property(names, fc.array(fc.integer({ min: 2000, max: 2004 }), { minLength: 12, maxLength: 12 }), fc.nat({ max: 12 }), (all, ids, cut) => {
      const self = world({
        ...CONFIG,
        sources: ["first", "second"].map((name) => ({ name, onFailure: "hold", shrinkPercent: 30, keepSeconds: 86_400 })),
      });
      const users = all.map((name, i) => user(name, ids[i] ?? 2000));
      self.ready();
      const [zero = [], one = []] = [users.slice(0, cut), users.slice(cut)];
      self.give({ users: one, groups: [group("crew", 3000, [...all])] }, 1);
      self.give({ users: zero }, 0);
      const { snapshot } = self.service.updates;
      assert.ok(snapshot !== undefined);
      const builder = new SnapshotBuilder();
      for (const event of snapshotEvents(snapshot)) {
        if (event.kind === "lines") builder.lines(event);
        else {
          const { merged, ...made } = builder.snapshot(event);
          const { merged: _, ...was } = snapshot;
          assert.deepEqual(made.users.items, was.users.items);
          for (let id = 1999; id < 2006; id++) assert.equal(made.users.findId(id), was.users.findId(id));
          assert.deepEqual([...made.memberships.groupsOf(all[0] ?? "")], [...was.memberships.groupsOf(all[0] ?? "")]);
          assert.deepEqual([made.committedAt, made.usersChangedAt, made.groupsChangedAt], [was.committedAt, was.usersChangedAt, was.groupsChangedAt]);
        }
      }
    }),
    { numRuns: 60 },
  );
});

test("nothing is kept that nobody asked for, and a directory beyond the limit is not written down", () => {
  const self = serving();
  ask(self.service, call("null", undefined));
  assert.equal(self.service.trace("requests"), undefined);
  assert.ok(!self.service.record("everything", 10));
  const large = Array.from({ length: 45_000 }, (_, i) => user(`user${i}`, 10_000 + i, { gecos: "x".repeat(100) }));
  self.service.updates.refresh();
  self.give({ ...CONTENTS, users: large });
  self.pass(30);
  assert.ok((self.service.updates.snapshot?.users.items.length ?? 0) > LIMITS.recordingDirectoryBytes);
  assert.ok(!self.service.record("requests", 10));
});

const TWO: DirectoryConfig = {
  ...CONFIG,
  sources: [
    { name: "first", onFailure: "hold", shrinkPercent: 30, keepSeconds: 86_400 },
    { name: "second", onFailure: "keep", shrinkPercent: 30, keepSeconds: 86_400 },
  ],
};

function replayedUpdates(text: string): number | undefined {
  return replay(new UpdatesPlayer(), decodeRecording<null, UpdateEvent>(text)).differs?.step;
}

/** Something is served; then an update that succeeds, one that is held, one that shrinks, a new configuration and a lost fetcher. */
function recordedUpdates(): string {
  const self = world(TWO);
  self.ready();
  self.give(CONTENTS, 1);
  self.give({ users: [user("eve", 2100)] }, 0);
  assert.ok(self.service.updates.snapshot !== undefined && self.service.record("updates", 600));
  self.settle();
  const members = Array.from({ length: 3000 }, (_, i) => `member${i}`);
  const many = Array.from({ length: 300 }, (_, i) => user(`user${i}`, 3000 + i, { password: i % 2 === 0 ? SECRET : "x" }));
  const bad = [
    user("long", 4000, { password: SECRET.repeat(300) }),
    user("colon", 4001, { password: `${SECRET}:` }),
    user("torn", 4002, { password: "\ud800" }),
  ];
  self.give({ users: [...many, ...bad], groups: [group("large", 3000, members)] }, 1);
  self.give({ users: [user("eve", 2100)] }, 0);
  self.service.updates.refresh();
  self.fail("unreachable", 0);
  self.give({ users: [user("user1", 3001)] }, 1);
  self.pass(8);
  self.give({ users: [user("eve", 2100)] }, 0, 1);
  self.service.updates.accept("second");
  self.give({ users: [user("eve", 2101)] }, 0);
  self.give({ users: [user("user1", 3001)], groups: [group("large", 3000)] }, 1);
  self.service.configure({ ...TWO, idFences: { ...TWO.idFences, minUid: 2500 } });
  self.settle();
  self.service.updates.fetcherLost();
  self.service.updates.fetcherReady();
  self.settle();
  self.pass(60);
  const lines = self.service.trace("updates");
  assert.ok(lines !== undefined);
  return lines.join("\n");
}

test("updates that are told again make the same snapshots, files, pulls and alarms", () => {
  const text = recordedUpdates();
  for (const said of ["resume", "entries", "pulled", "ring", "accept", "configure", "fetcherLost"])
    assert.ok(text.includes(`"name":"${said}"`), said);
  assert.ok(text.includes('"kind":"snapshot"') && text.includes('"kind":"source"'));
  assert.equal(replayedUpdates(text), undefined);
});

test("control: one changed octet of an entry, of what was served before, and of the time of a step are noticed", () => {
  const lines = recordedUpdates().split("\n");
  const changed = (mark: string | RegExp, change: (line: string) => string): number | undefined => {
    const at = lines.findIndex((line) => line.search(mark) !== -1);
    const other = lines.with(at, change(lines[at] ?? ""));
    assert.notEqual(other[at], lines[at]);
    return replayedUpdates(other.join("\n"));
  };
  assert.ok(changed("User user7", (line) => line.replace("User user7", "User user8")) !== undefined);
  assert.ok(changed('"kind":"given"', (line) => line.replace('"hex":"6', '"hex":"7')) !== undefined);
  assert.ok(changed(/"name":"pulled".*"source":0/, (line) => line.replace(/"wall":\d/, '"wall":9')) !== undefined);
});

test("what came as a password is in no recording, and is refused in the replay for the reason it was refused for", () => {
  const text = recordedUpdates();
  assert.ok(!text.includes(SECRET.slice(0, 8)) && !text.includes("neverToBeSeen"));
  assert.ok(text.includes('"name":"torn"') && text.includes('"name":"long"'));
});
