/** Another service of systemd's userdb that gives names of ours is found by a probe (directory §8.3). */
import assert from "node:assert/strict";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { inFaulty } from "../support/faulty-directory.ts";
import { userName } from "../support/ldif.ts";
import { needsPeers } from "../support/unpacked.ts";

const BIN = join(dirname(fileURLToPath(import.meta.url)), "../../bin/leasehold");
const SERVICE = "org.example.Other";

/** Lists these users and no groups, each in a reply of its own. */
function answerTo(text: string, names: readonly string[]): string {
  const { method, more = false } = JSON.parse(text.replace(/\0.*$/s, "")) as { readonly method: string; readonly more?: boolean };
  if (!method.endsWith("GetUserRecord") || !more) return `${JSON.stringify({ error: "io.systemd.UserDatabase.NoRecordFound", parameters: {} })}\0`;
  const reply = (userName: string, i: number): object => ({
    parameters: { record: { userName, uid: 70_000 + i, service: SERVICE }, incomplete: false },
    ...(i < names.length - 1 ? { continues: true } : {}),
  });
  return names.map((name, i) => `${JSON.stringify(reply(name, i))}\0`).join("");
}

test("a probe names the users that another service of userdb gives too, and is silent about those it does not share", needsPeers, () =>
  inFaulty({ users: 50, groups: 5 }, async ({ root, folder, toml, serving }) => {
    await serving(toml());
    const probe = async (...words: readonly string[]): Promise<string> =>
      (await root.run(BIN, "directory", "probe", "main", "--runtime-dir", join(folder, "leasehold.run"), ...words)).stdout;
    assert.doesNotMatch(await probe(), /conflict/, "control: alone there is none");
    const server = createServer((socket) =>
      socket.on("error", () => undefined).on("data", (bytes) => socket.write(answerTo(bytes.toString(), ["stranger", userName(7), userName(8)]))),
    );
    await new Promise<void>((resolve) => server.listen(join(root.folder, "run/systemd/userdb", SERVICE), resolve));
    try {
      const told = await probe();
      for (const name of [userName(7), userName(8)]) assert.match(told, new RegExp(`^conflict: user ${name} is also given by ${SERVICE}`, "m"));
      assert.doesNotMatch(told, /stranger/);
      const { conflicts } = JSON.parse(await probe("--json")) as { readonly conflicts: readonly { readonly name: string }[] };
      assert.deepEqual(
        conflicts.map(({ name }) => name),
        [userName(7), userName(8)],
      );
    } finally {
      server.close();
    }
  }),
);
