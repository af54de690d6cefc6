import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeAll } from "../../../src/base/codec.ts";
import { DIRECTORY_LIMITS } from "../../../src/base/limits-directory.ts";
import type { DirectoryConfig } from "../../../src/services/directory/config.ts";
import { VarlinkFrames } from "../../../src/wire/varlink/frames.ts";
import type { JsonObject } from "../../../src/wire/varlink/json.ts";
import { type VarlinkReply, varlinkReply } from "../../../src/wire/varlink/message.ts";
import { CONFIG, connect, group, user, utf8, world } from "./world.ts";

const SERVICE = "org.example.directory";
const CONTENTS = {
  users: [user("alice", 2001, { gecos: "Alice Äh,room 7" }), user("bob", 2002, { gecos: "", shell: "" })],
  groups: [group("staff", 3001, ["alice", "bob", "local"]), group("admins", 3002, ["alice"]), group("none", 3003)],
};
const method = (name: string): string => `io.systemd.UserDatabase.${name}`;

function repliesIn(bytes: Uint8Array): readonly VarlinkReply[] {
  const frames = new VarlinkFrames();
  frames.push(bytes);
  const replies: VarlinkReply[] = [];
  for (let frame = frames.next(); frame !== undefined; frame = frames.next()) replies.push(decodeAll(varlinkReply, frame));
  assert.equal(frames.pendingBytes, 0);
  return replies;
}

function served(config: DirectoryConfig = CONFIG, contents: Parameters<ReturnType<typeof world>["serving"]>[0] = CONTENTS) {
  const self = world(config);
  self.serving(contents);
  return { ...self, ...asking(self.service) };
}

function asking(service: ReturnType<typeof world>["service"]) {
  const dial = (roomBytes?: number) => connect(service, { purpose: "userdb", peer: "", port: 0, uid: 1000 }, roomBytes);
  const request = (name: string, parameters: JsonObject, mode: JsonObject = {}): Uint8Array =>
    utf8(`${JSON.stringify({ method: name.includes(".") ? name : method(name), parameters, ...mode })}\0`);
  const ask = (name: string, parameters: JsonObject = {}, mode: JsonObject = {}): readonly VarlinkReply[] => {
    const client = dial();
    client.send(request(name, { service: SERVICE, ...parameters }, mode));
    return repliesIn(client.bytes());
  };
  const errorOf = (replies: readonly VarlinkReply[]): string => {
    const [reply, ...more] = replies;
    assert.ok(reply?.kind === "error" && more.length === 0, JSON.stringify(replies));
    return reply.error.slice(reply.error.lastIndexOf(".") + 1);
  };
  const shown = (replies: readonly VarlinkReply[]): readonly string[] =>
    replies.map(({ parameters }) => {
      const { userName, groupName, record } = parameters as Record<string, JsonObject | string | undefined>;
      const found = typeof record === "object" ? (record["userName"] ?? record["groupName"]) : [userName, groupName].join(" in ");
      return String(found);
    });
  return { dial, request, ask, errorOf, shown };
}

test("a user is found by name, by number and by both, with a record that readers accept (§6.3)", () => {
  const { ask } = served();
  for (const parameters of [{ userName: "alice" }, { uid: 2001 }, { userName: "alice", uid: 2001 }, { userName: "alice", uid: null }])
    assert.deepEqual(ask("GetUserRecord", parameters), [
      {
        kind: "reply",
        continues: false,
        parameters: {
          incomplete: false,
          record: {
            userName: "alice",
            uid: 2001,
            gid: 2000,
            realName: "Alice Äh",
            homeDirectory: "/home/alice",
            shell: "/bin/sh",
            disposition: "regular",
            service: SERVICE,
          },
        },
      },
    ]);
});

test("a member that systemd takes for no name is not told: it would refuse the whole group (§6.3)", () => {
  const members = ["-5", "5", "-", "a/b", " a", "a ", ".", "..", "\u0085", "two words"];
  const { ask, shown } = served(CONFIG, { users: CONTENTS.users, groups: [group("odd", 3001, members)] });
  assert.deepEqual(shown(ask("GetMemberships", { groupName: "odd" }, { more: true })), ["two words in odd"]);
});

test("a path that systemd does not take is told as none: it would refuse the whole user (§6.3)", () => {
  const homes = ["/", `/${"h".repeat(255)}`, `/${"h".repeat(256)}`, `/${"é".repeat(128)}`, "/a//b", "/a/", "/a/./b", "/../b"];
  const users = homes.map((home, i) => user(`u${i}`, 2000 + i, { home }));
  const { ask } = served(CONFIG, { users, groups: [] });
  const told = users.map(({ name }) => {
    const [reply] = ask("GetUserRecord", { userName: name });
    assert.ok(reply?.kind === "reply");
    return (reply.parameters["record"] as JsonObject)["homeDirectory"];
  });
  assert.deepEqual(told, [...homes.slice(0, 2), ...homes.slice(2).map(() => undefined)]);
});

test("a member with an invisible mark in front of its name is not the user of that name (§3.5)", () => {
  const { ask, shown } = served(CONFIG, { users: CONTENTS.users, groups: [group("wheel", 3001, ["\ufeffalice", "bob"])] });
  assert.deepEqual(shown(ask("GetMemberships", { groupName: "wheel" }, { more: true })), ["bob in wheel"]);
  assert.equal(ask("GetMemberships", { userName: "alice", groupName: "wheel" })[0]?.kind, "error");
});

test("a group is found likewise, and its record names no members (§6.4)", () => {
  const { ask } = served();
  for (const parameters of [{ groupName: "staff" }, { gid: 3001 }, { groupName: "staff", gid: 3001 }])
    assert.deepEqual(ask("GetGroupRecord", parameters)[0]?.parameters, {
      record: { groupName: "staff", gid: 3001, disposition: "regular", service: SERVICE },
      incomplete: false,
    });
});

test("what readers would refuse in a record is left out of it (§6.3)", () => {
  const contents = { users: [user("a", 2001, { gecos: ",x", home: "/home/../root", shell: "/bin//sh" }), user("b", 2002, { gecos: "B\tC\u0007 " })] };
  const { ask } = served(CONFIG, contents);
  const record = (userName: string): unknown => ask("GetUserRecord", { userName })[0]?.parameters["record"];
  const rest = { gid: 2000, shell: "/bin/sh", disposition: "regular", service: SERVICE };
  assert.deepEqual(record("a"), { userName: "a", uid: 2001, ...rest });
  assert.deepEqual(record("b"), { userName: "b", uid: 2002, realName: "B C", homeDirectory: "/home/b", ...rest });
});

test("each question that cannot be answered gets the error for it (§6.2)", () => {
  const { ask, errorOf } = served();
  for (const name of ["GetUserRecord", "GetGroupRecord"]) {
    const [byName, byId] = name === "GetUserRecord" ? ["userName", "uid"] : ["groupName", "gid"];
    assert.equal(errorOf(ask(name, { [byName]: "nobody" })), "NoRecordFound");
    assert.equal(errorOf(ask(name, { [byId]: 1 })), "NoRecordFound");
    assert.equal(errorOf(ask(name, { [byName]: "nobody", [byId]: 1 })), "NoRecordFound");
    assert.equal(errorOf(ask(name, { [byName]: "nobody", [byId]: byId === "uid" ? 2001 : 3001 })), "ConflictingRecordFound");
    assert.equal(errorOf(ask(name, { [byName]: byId === "uid" ? "alice" : "staff", [byId]: 1 })), "ConflictingRecordFound");
    assert.equal(errorOf(ask(name)), "ExpectedMore");
    assert.equal(errorOf(ask(name, { service: "org.example.other" })), "BadService");
    assert.equal(errorOf(ask(name, { service: null })), "BadService");
    assert.equal(errorOf(ask(name, { fuzzyNames: [] })), "InvalidParameter");
    assert.equal(errorOf(ask(name, { toString: 1 })), "InvalidParameter");
    for (const id of [-1, 1.5, 4_294_967_296, "2001"]) assert.equal(errorOf(ask(name, { [byId]: id })), "InvalidParameter");
    assert.equal(errorOf(ask(name, { [byName]: 7 })), "InvalidParameter");
  }
  assert.equal(errorOf(ask("GetMemberships", { userName: "alice" })), "ExpectedMore");
  assert.equal(errorOf(ask("GetMemberships", { userName: "alice", groupName: "none" })), "NoRecordFound");
});

test("an id that two names share finds the first, and each name still with its id (§4.3)", () => {
  const { ask, shown, errorOf } = served(CONFIG, { users: [user("b", 2001), user("a", 2001)] });
  assert.deepEqual(shown(ask("GetUserRecord", { uid: 2001 })), ["a"]);
  assert.deepEqual(shown(ask("GetUserRecord", { uid: 2001, userName: "b" })), ["b"]);
  assert.equal(errorOf(ask("GetUserRecord", { uid: 2001, userName: "c" })), "ConflictingRecordFound");
});

test("without data nothing is known, which is not the same as nobody being there (§6.2)", () => {
  const { service } = world();
  const { ask, errorOf } = asking(service);
  for (const name of ["GetUserRecord", "GetGroupRecord", "GetMemberships"]) assert.equal(errorOf(ask(name)), "ServiceNotAvailable");
});

test("memberships are told by user, by group, of one pair and all (§6.2)", () => {
  const { ask, shown } = served();
  const more = { more: true };
  assert.deepEqual(shown(ask("GetMemberships", { userName: "alice" }, more)), ["alice in admins", "alice in staff"]);
  assert.deepEqual(shown(ask("GetMemberships", { userName: "local" }, more)), ["local in staff"], "users of elsewhere may be members too");
  assert.deepEqual(shown(ask("GetMemberships", { groupName: "staff" }, more)), ["alice in staff", "bob in staff", "local in staff"]);
  assert.deepEqual(shown(ask("GetMemberships", { groupName: "staff", userName: "bob" })), ["bob in staff"]);
  assert.deepEqual(shown(ask("GetMemberships", {}, more)), ["alice in admins", "alice in staff", "bob in staff", "local in staff"]);
});

test("all users and groups are listed when that is allowed, and every reply but the last says that more follow", () => {
  const { ask, shown } = served();
  const users = ask("GetUserRecord", {}, { more: true });
  assert.deepEqual(shown(users), ["alice", "bob"]);
  assert.deepEqual(
    users.map((reply) => reply.kind === "reply" && reply.continues),
    [true, false],
  );
  assert.deepEqual(shown(ask("GetGroupRecord", {}, { more: true })), ["admins", "none", "staff"]);
  const closed = served({ ...CONFIG, userdb: { service: SERVICE, enumerate: false, sshKeys: false } });
  for (const name of ["GetUserRecord", "GetGroupRecord", "GetMemberships"])
    assert.equal(closed.errorOf(closed.ask(name, {}, { more: true })), "EnumerationNotSupported");
  assert.deepEqual(closed.shown(closed.ask("GetUserRecord", { userName: "alice" })), ["alice"]);
});

test("an empty list is NoRecordFound", () => {
  const { ask, errorOf } = served(CONFIG, { users: [user("a", 2001)] });
  assert.equal(errorOf(ask("GetGroupRecord", {}, { more: true })), "NoRecordFound");
  assert.equal(errorOf(ask("GetMemberships", { userName: "a" }, { more: true })), "NoRecordFound");
});

test("a group of 40,000 lists no members, but each of its members has it (§6.4, §9.8 6)", () => {
  const members = Array.from({ length: 40_000 }, (_, i) => `member${i}`);
  const { service, ask, shown, errorOf } = served(CONFIG, {
    groups: [group("big", 3001, members), group("small", 3002, members.slice(0, DIRECTORY_LIMITS.userdbGroupMembers))],
  });
  assert.equal(errorOf(ask("GetMemberships", { groupName: "big" }, { more: true })), "NoRecordFound");
  assert.equal(service.view().requests["userdb-group-too-large"], 1);
  assert.deepEqual(shown(ask("GetMemberships", { userName: "member39999" }, { more: true })), ["member39999 in big"]);
  assert.equal(ask("GetMemberships", { groupName: "small" }, { more: true }).length, DIRECTORY_LIMITS.userdbGroupMembers);
  assert.deepEqual(shown(ask("GetGroupRecord", { gid: 3001 })), ["big"]);
});

test("a member that readers would not take for a name is left out", () => {
  const { ask, shown } = served(CONFIG, { groups: [group("g", 3001, ["ok", "123", " x", "a/b", "..", "köln"])] });
  assert.deepEqual(shown(ask("GetMemberships", { groupName: "g" }, { more: true })), ["ok in g", "köln in g"]);
});

test("requests that wait for each other are answered in their order, and one-way ones not at all (§6.1)", () => {
  const { dial, request, shown } = served();
  const client = dial();
  const one = request("GetUserRecord", { userName: "alice", service: SERVICE });
  const silent = request("GetUserRecord", { userName: "alice", service: SERVICE }, { oneway: true });
  const two = request("GetUserRecord", { uid: 2002, service: SERVICE });
  const all = Uint8Array.of(...one, ...silent, ...two);
  client.send(all.subarray(0, 50));
  client.send(all.subarray(50));
  assert.deepEqual(shown(repliesIn(client.bytes())), ["alice", "bob"]);
});

test("a reader that stops gets no more than it takes, and keeps its snapshot (U5, §6.2)", () => {
  const many = Array.from({ length: 5000 }, (_, i) => user(`user${i}`, 2001 + i));
  const { service, dial, request, give } = served(CONFIG, { users: many });
  const client = dial(1);
  client.send(request("GetUserRecord", { service: SERVICE }, { more: true }));
  const first = client.receivedBytes();
  assert.ok(first > 0 && first < DIRECTORY_LIMITS.userdbPieceBytes + 1000);
  service.updates.refresh();
  give({ users: many.map((one) => ({ ...one, gid: 2999 })) });
  for (let before = 0; before < client.receivedBytes(); ) {
    before = client.receivedBytes();
    client.read(1);
  }
  const replies = repliesIn(client.bytes());
  assert.equal(replies.length, 5000);
  assert.ok(replies.every(({ parameters }) => (parameters["record"] as JsonObject)["gid"] === 2000));
});

test("the service describes itself (org.varlink.service)", () => {
  const { ask, errorOf } = served();
  const [info] = ask("org.varlink.service.GetInfo");
  assert.deepEqual(info?.parameters["interfaces"], ["org.varlink.service", "io.systemd.UserDatabase"]);
  for (const name of ["org.varlink.service", "io.systemd.UserDatabase"]) {
    const [reply] = ask("org.varlink.service.GetInterfaceDescription", { interface: name });
    assert.match(String(reply?.parameters["description"]), new RegExp(`^interface ${name.replaceAll(".", "\\.")}\n`));
  }
  assert.equal(errorOf(ask("org.varlink.service.GetInterfaceDescription", { interface: "a.b" })), "InterfaceNotFound");
  assert.equal(errorOf(ask("org.varlink.service.GetInterfaceDescription")), "InvalidParameter");
  assert.equal(errorOf(ask("org.varlink.service.Nothing")), "MethodNotFound");
  assert.equal(errorOf(ask("GetNothing")), "MethodNotFound");
  assert.equal(errorOf(ask("org.example.Some")), "InterfaceNotFound");
  assert.equal(errorOf(ask("GetUserRecord", {}, { upgrade: true })), "MethodNotImplemented");
});

test("what is no Varlink ends the connection and nothing else", () => {
  const { service, dial, ask } = served();
  for (const bytes of [
    utf8("{}\0"),
    utf8("GET / HTTP/1.0\r\n\r\n\0"),
    Uint8Array.of(0),
    utf8(`${"[".repeat(5000)}\0`),
    new Uint8Array(1_100_000).fill(0x20),
  ]) {
    const client = dial();
    client.send(bytes);
    assert.equal(client.isOpen(), false);
  }
  assert.equal(service.view().connectionsEnded["userdb-malformed"], 5);
  assert.equal(ask("GetUserRecord", { userName: "alice" }).length, 1);
});
