import assert from "node:assert/strict";
import { test } from "node:test";
import { ask, CONFIG, call, connect, group, user, utf8, world } from "./world.ts";

test("the view says what is served, how old it is, how each source stands and what was asked and refused", () => {
  const { service, serving, pass, fail } = world();
  service.listening(600);
  serving({ users: [user("alice", 2001), user("bad name", 2002), user("twin", 2001)], groups: [group("staff", 3001)] });
  ask(service, call("match", { domain: "home", map: "passwd.byname", key: utf8("alice") }));
  ask(service, call("match", { domain: "home", map: "passwd.byname", key: utf8("bob") }));
  ask(service, call("null", undefined), "::ffff:198.51.100.1");
  connect(service);
  pass(30);
  assert.deepEqual(service.view(), {
    service: "directory",
    domain: "home",
    snapshot: { users: 2, groups: 1, committedAt: "2026-01-01T00:00:00.000Z", ageSeconds: 30, namesTaken: 0, idsShared: 1 },
    update: {
      number: 1,
      phase: "idle",
      heldBy: "",
      nextAt: "2026-01-01T00:10:00.000Z",
      ended: { update: 1, outcome: "committed", change: undefined },
      heldBack: null,
    },
    sources: [
      {
        name: "first",
        state: "ok",
        reason: "",
        onFailure: "hold",
        users: 2,
        groups: 1,
        pulledAt: "2026-01-01T00:00:00.000Z",
        ageSeconds: 30,
        rejected: { "user-bad-name": 1 },
        suspiciousCycles: null,
      },
    ],
    yp: { port: 600, register: "builtin", registered: false },
    userdb: { service: "org.example.directory", enumerate: true, sshKeys: false, tooLongForMultiplexer: false },
    unsaved: "",
    connections: 1,
    requests: { "yp-udp-match": 2, "yp-udp-status-noKey": 1, "yp-udp-status-true": 1 },
    refused: { "yp-udp-foreign-network": 1 },
    connectionsEnded: {},
    entriesDropped: {},
  });
  pass(571);
  fail("refused");
  const { update, sources, snapshot } = service.view();
  assert.deepEqual([update.number, update.heldBy, sources[0]?.state, sources[0]?.reason, snapshot?.users], [2, "first", "failed", "refused", 2]);
});

test("without a source the view is empty, and of outlets that are not wanted it says nothing", () => {
  const { service } = world({ ...CONFIG, yp: undefined, userdb: undefined, sources: [] });
  const { snapshot, yp, userdb, sources } = service.view();
  assert.deepEqual({ snapshot, yp, userdb, sources }, { snapshot: null, yp: null, userdb: null, sources: [] });
});

test("a list of users that systemd's multiplexer would swallow is pointed out (§6.4)", () => {
  const { service, serving } = world();
  serving({ users: Array.from({ length: 70_000 }, (_, i) => user(`person${i}`, 2001 + i)) });
  assert.equal(service.view().userdb?.tooLongForMultiplexer, true);
  service.configure({ ...CONFIG, userdb: { service: "org.example.directory", enumerate: false, sshKeys: false } });
  assert.equal(service.view().userdb?.tooLongForMultiplexer, false);
});
