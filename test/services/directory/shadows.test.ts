/** Hashes and how they age: from the entry to the maps that root alone may read, and nowhere else (directory §4.1, §5.7). */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Ipv6Address } from "../../../src/base/ipv6.ts";
import { STANDARD_YP_MAPS, YP_MAPS, type YpConfig } from "../../../src/services/directory/config.ts";
import { fencesOf } from "../../../src/services/directory/check.ts";
import { harvestOf } from "../../../src/services/directory/restore.ts";
import { storedTexts } from "../../../src/services/directory/by-name.ts";
import { shadowOf } from "../../../src/services/directory/shadows.ts";
import { finish } from "../../../src/services/directory/sort.ts";
import { call, CONFIG, resultIn, textOf, user, utf8, world } from "./world.ts";

const HASH = "$6$salt$0123456789./abcdefghijklmnopqrstuvwxyz";
const YP: YpConfig = { ...(CONFIG.yp as YpConfig), maps: YP_MAPS, allow: ["192.0.2.0/24"] };
const PEOPLE = [
  { ...user("ada", 2001), password: `${HASH}:19000:0:99999:7::` },
  { ...user("bob", 2002), password: "*::::::" },
  { ...user("cid", 2003), password: "x:1:::::" },
];

function serving(yp: Partial<YpConfig> = {}, users = PEOPLE) {
  const self = world({ ...CONFIG, yp: { ...YP, ...yp } });
  self.serving({ users });
  const match = (map: string, key: string, from = "::ffff:127.0.0.1", port = 700): string => {
    const payload = call("match", { domain: "home", map, key: utf8(key) });
    const answer = self.service.datagram("yp", { from: from as Ipv6Address, port, payload });
    if (answer === undefined) return "silence";
    const { status, value } = resultIn("match", answer);
    return status === "true" ? textOf(value) : status;
  };
  return { ...self, match };
}

test("shadow.byname has nine fields, master.passwd.* the hash, and passwd.* neither (§4.1)", () => {
  const { match } = serving();
  assert.equal(match("shadow.byname", "ada"), `ada:${HASH}:19000:0:99999:7:::`);
  assert.equal(match("shadow.byname", "ada").split(":").length, 9);
  assert.equal(match("shadow.byname", "bob"), "bob:*:::::::");
  assert.equal(match("shadow.byname", "cid"), "cid:*:1::::::", "what says that it stands elsewhere is no hash");
  assert.equal(match("shadow.byname", "nobody"), "noKey");
  assert.match(match("master.passwd.byname", "ada"), new RegExp(`^ada:${HASH.replaceAll(/[$./]/g, "\\$&")}:2001:`));
  assert.equal(match("master.passwd.byuid", "2001"), match("master.passwd.byname", "ada"));
  assert.match(match("passwd.byname", "ada"), /^ada:x:2001:/, "pam_unix asks for the shadow where it reads x");
  assert.match(match("passwd.byname", "bob"), /^bob:\*:2002:/);
  assert.match(match("passwd.byuid", "2003"), /^cid:x:2003:/);
});

test("without a map for root alone no hash is kept: it is not in what is saved either, and a password with colons is refused", () => {
  const { match, saved, service } = serving({ maps: STANDARD_YP_MAPS }, [{ ...user("ada", 2001), password: HASH }, PEOPLE[1] ?? user("bob", 2002)]);
  assert.equal(match("shadow.byname", "ada"), "noMap");
  assert.equal(match("passwd.byname", "bob"), "noKey");
  assert.equal(
    saved.some((file) => Buffer.from(file).includes("$6$")),
    false,
  );
  assert.equal(service.updates.snapshot?.shadows.size, 0);
});

test("only ports of root's get them: on this machine, and in a network that a rule names (§5.7, §8.3)", () => {
  const { match } = serving();
  const secret = ["shadow.byname", "master.passwd.byname"] as const;
  for (const map of secret) {
    assert.notEqual(match(map, "ada", "::1", 1023), "noMap", map);
    for (const port of [1024, 40_000, 0]) assert.equal(match(map, "ada", "::1", port), "noMap", `${map} ${port}`);
    assert.equal(match(map, "ada", "::ffff:192.0.2.7"), "noMap");
  }
  const all = serving({ rules: [{ networks: [], maps: ["*"], security: "none" }] });
  for (const map of secret) assert.equal(all.match(map, "ada", "::1", 1024), "noMap", "a rule for everything is none for this");
  const named = serving({ rules: [{ networks: ["192.0.2.0/24"], maps: ["shadow.*"], security: "port" }] });
  assert.match(named.match("shadow.byname", "ada", "::ffff:192.0.2.7", 1023), /^ada:/);
  assert.equal(named.match("shadow.byname", "ada", "::ffff:192.0.2.7", 1024), "noMap");
  assert.equal(named.match("master.passwd.byname", "ada", "::ffff:192.0.2.7", 1023), "noMap");
});

test("what is saved brings them back, under the fences of today", () => {
  const shadows = storedTexts(
    new Map([
      ["ada", `${HASH}:19000:0:99999:7::`],
      ["cid", "*:1:::::"],
    ]),
  );
  const stored = {
    users: utf8("ada:x:2001:2000::/home/ada:/bin/sh\ncid:x:2003:2000::/home/cid:/bin/sh\nbob:*:2002:2000::/home/bob:/bin/sh\n"),
    groups: utf8(""),
    shadows,
  };
  const restored = (keep: boolean) => [...(finish(harvestOf(stored, fencesOf(CONFIG.idFences, keep)))?.shadows ?? [])];
  assert.deepEqual(restored(true), [
    ["ada", `${HASH}:19000:0:99999:7::`],
    ["cid", "*:1:::::"],
    ["bob", "*::::::"],
  ]);
  assert.deepEqual(restored(false), []);
  const lines = finish(harvestOf(stored, fencesOf(CONFIG.idFences, true)))?.users.bytes ?? new Uint8Array(0);
  assert.equal(textOf(lines), "ada:x:2001:2000::/home/ada:/bin/shcid:x:2003:2000::/home/cid:/bin/shbob:*:2002:2000::/home/bob:/bin/sh");
  const odd = { ...stored, shadows: utf8("ada:no hash:here\nnonsense\n:\n") };
  assert.deepEqual([...(finish(harvestOf(odd, fencesOf(CONFIG.idFences, true)))?.shadows ?? [])][0], ["ada", "*::::::"]);
});

test("a hash that changes is a change: it is served, saved, and the maps' order number moves", () => {
  const self = serving();
  const before = self.service.updates.snapshot?.usersChangedAt ?? 0;
  self.pass(700);
  self.serving({ users: [{ ...user("ada", 2001), password: `${HASH}2:19001:0:99999:7::` }, ...PEOPLE.slice(1)] });
  assert.equal(self.match("shadow.byname", "ada"), `ada:${HASH}2:19001:0:99999:7:::`);
  assert.ok((self.service.updates.snapshot?.usersChangedAt ?? 0) > before);
  assert.equal(
    self.saved.some((file) => Buffer.from(file).includes(`${HASH}2`)),
    true,
  );
});

test("nothing with a hash is written down for somebody: no recording of updates, none of requests", () => {
  const kept = serving();
  assert.deepEqual([kept.service.record("updates", 10), kept.service.record("requests", 10)], [false, false]);
  const plain = serving({ maps: STANDARD_YP_MAPS }, [user("ada", 2001)]);
  assert.deepEqual([plain.service.record("updates", 10), plain.service.record("requests", 10)], [true, true]);
});

for (const [given, expected] of [
  ["", "*::::::"],
  ["x", "*::::::"],
  ["!", "!::::::"],
  ["ä", "*::::::"],
  ["with blank", "*::::::"],
  [`${"h".repeat(385)}:1:2:3:4:5:6`, "*:1:2:3:4:5:6"],
  ["h:1:2:3:4:5", "h::::::"],
  ["h:-1:2:3:4:5:6", "h::::::"],
  ["h:1:2:3:4:5:6:7", "h::::::"],
] as const)
  test(`of "${given.slice(0, 20)}" is kept what shadow(5) can hold`, () => assert.equal(shadowOf(given), expected));
