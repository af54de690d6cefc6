/** Servers that cannot prove who they are: nobody loses a user, and no secret is told. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { makeAuthority, makeCertificate } from "../support/certificates.ts";
import { answersAtOnce, directory, inFaulty, lineOf, otherShell, statusBecomes, statusOf, userLines } from "../support/faulty-directory.ts";
import { READER, userName } from "../support/ldif.ts";
import { SERVER_NAME } from "../support/slapd.ts";
import { needsPeers } from "../support/unpacked.ts";

const USERS = 400;

test("a certificate of another name, of another authority or past its time: all stay, the reason is told, and no secret is sent", needsPeers, () =>
  inFaulty({ users: USERS, groups: 5 }, async (world) => {
    const { slapd, root, folder, toml, serving, machine } = world;
    await makeCertificate(slapd.authority, "other-name", "DNS:elsewhere.test");
    await makeCertificate(slapd.authority, "expired", `DNS:${SERVER_NAME}`, 0);
    await makeCertificate(await makeAuthority(slapd.folder, "foreign"), "other-authority", `DNS:${SERVER_NAME}`);
    await serving(toml("", "interval_seconds = 10"));
    const before = await userLines(root);
    const capture = await machine.capture("lo", "tcp port 389 or tcp port 636");
    for (const [certificate, reason] of [
      ["other-name", /certificate \(.*elsewhere\.test/],
      ["other-authority", /certificate \(unable to verify|certificate \(.*(issuer|self.signed)/i],
      ["expired", /certificate \(certificate has expired/],
    ] as const) {
      await slapd.restart({ certificate });
      await directory(folder, "refresh");
      await statusBecomes(folder, ({ sources: [main] }) => main?.state === "failed" && reason.test(main.reason), `${certificate} is told`);
      assert.match((await statusOf(folder)).text, reason);
      await answersAtOnce(world, before);
    }
    assert.deepEqual(await userLines(root), before);
    await capture.stop();
    assert.ok(!readFileSync(capture.file).includes(READER.password));
    await slapd.restart({ certificate: "server" });
    await slapd.change(otherShell(userName(3), "/bin/later"));
    await statusBecomes(folder, ({ sources }) => sources[0]?.state === "ok", "it has been read again, with nobody asking for it");
    assert.match(await lineOf(root, userName(3)), /:\/bin\/later$/);
  }),
);

test("control: the password is on the wire where the configuration lets it cross in the clear, and a trusted authority is believed", needsPeers, () =>
  inFaulty({ users: 50, groups: 5 }, async ({ slapd, toml, serving, machine }) => {
    const foreign = await makeAuthority(slapd.folder, "foreign");
    await makeCertificate(foreign, "other-authority", `DNS:${SERVER_NAME}`);
    await slapd.restart({ certificate: "other-authority" });
    const ours = await serving(toml().replace(/^ca_file = .*$/m, `ca_file = "${foreign.file}"`));
    const capture = await machine.capture("lo", "tcp port 389 or tcp port 636");
    await ours.reload(toml('transport = "plain"\nallow_cleartext = true'));
    await ours.control("directory", "refresh");
    await capture.stop();
    assert.ok(readFileSync(capture.file).includes(READER.password));
  }),
);
