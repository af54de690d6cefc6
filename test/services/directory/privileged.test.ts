/** Names that give rights: a directory does not give them by itself, and where it may, nobody comes in unseen (directory §8.3). */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Surroundings } from "../../../src/config/surroundings.ts";
import { directoryOf, directorySchema } from "../../../src/config/directory.ts";
import { checkGroupHead, checkUser, fencesOf } from "../../../src/services/directory/check.ts";
import type { Happening } from "../../../src/services/directory/events.ts";
import { group, user, world } from "./world.ts";

const BARE: Surroundings = {
  readTrusted: () => "",
  readSecret: () => "",
  readKey: () => "",
  resolvers: () => [],
  addressOf: () => undefined,
  localNames: () => ({ users: ["daemon"], groups: ["games"] }),
};

function newcomersIn(happening: Happening | undefined): unknown {
  return happening === undefined ? "nothing happened" : (happening.record as { readonly newcomers?: unknown }).newcomers;
}

/** Fences of a configuration that says no more than it must. */
function fences(more: object = {}) {
  const file = directorySchema.parse({ domain: "home", source: { main: { server: "ldap.test", base: "" } }, ...more });
  return fencesOf(directoryOf(file, BARE).engine.idFences);
}

test("no directory makes a member of sudo, wheel or docker, nor anybody of a name of this machine's own files, unless somebody says so", () => {
  const standard = fences();
  for (const name of ["sudo", "wheel", "adm", "docker", "games", "root"])
    assert.equal(checkGroupHead(group(name, 5000), standard), "local-name", name);
  for (const name of ["daemon", "root", "sudo"]) assert.equal(checkUser(user(name, 5000), standard), "local-name", name);
  assert.equal(checkGroupHead(group("staff", 5000), standard), undefined);
  const allowing = fences({ deny_names: ["operators"] });
  assert.equal(checkGroupHead(group("wheel", 5000), allowing), undefined);
  for (const name of ["operators", "games", "root"]) assert.equal(checkGroupHead(group(name, 5000), allowing), "local-name", name);
});

test("new members of a group that gives rights are named in the log and in an event; of other groups, and who was in it, are not", () => {
  const { serving, give, pass, happened, logged } = world();
  const people = [user("ada", 2001), user("eve", 2002)];
  const groups = (wheel: readonly string[], staff: readonly string[]) => [group("wheel", 5000, wheel), group("staff", 5001, staff)];
  serving({ users: people, groups: groups(["ada"], []) });
  pass(601);
  give({ users: people, groups: groups(["ada"], ["eve"]) });
  assert.deepEqual([happened.length, logged.some((line) => line.includes("privilegedGroupGrew"))], [1, false]);
  assert.equal(newcomersIn(happened[0]), undefined);
  pass(601);
  give({ users: people, groups: groups(["ada", "eve"], ["eve"]) });
  assert.deepEqual(newcomersIn(happened[1]), [{ group: "wheel", count: 1, names: ["eve"] }]);
  assert.ok(logged.includes('warn privilegedGroupGrew {"group":"wheel","count":1,"names":"eve"}'), logged.join("\n"));
  pass(601);
  give({ users: people, groups: groups(["ada"], ["eve"]) });
  assert.equal(newcomersIn(happened[2]), undefined, "who leaves is none");
});

test("a group that gives rights and comes into being is one of newcomers only", () => {
  const { serving, give, pass, happened } = world();
  const names = Array.from({ length: 12 }, (_, i) => `person${String(i).padStart(2, "0")}`);
  serving({ users: [user("ada", 2001)] });
  pass(601);
  give({ users: [user("ada", 2001)], groups: [group("docker", 5000, names)] });
  assert.deepEqual(newcomersIn(happened[0]), [{ group: "docker", count: 12, names: names.slice(0, 10) }]);
});
