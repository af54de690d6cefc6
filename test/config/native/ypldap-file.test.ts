/** Files as they lie on disk: who may read and write them, and what they include. */
import assert from "node:assert/strict";
import { chmodSync } from "node:fs";
import { test } from "node:test";
import { encodeAll } from "../../../src/base/codec.ts";
import { type ReadResult, readConfigFile } from "../../../src/config/read.ts";
import { DIRECTORY, directoryConfig, fetcherConfig } from "../../../src/roles/messages/directory.ts";
import { withScratch, writeIn } from "../../support/scratch.ts";

const SECRET = "hush-hush-7";
const RULES = `basedn "dc=x"
	passwd filter "(uid=*)"
	group filter "(cn=*)"
	attribute name maps to "uid"
	fixed attribute passwd "*"
	attribute uid maps to "uidNumber"
	attribute gid maps to "gidNumber"
	attribute gecos maps to "cn"
	attribute home maps to "homeDirectory"
	attribute shell maps to "loginShell"
	attribute groupname maps to "cn"
	fixed attribute grouppasswd "*"
	attribute groupgid maps to "gidNumber"
	list groupmembers maps to "memberUid"
`;
const conf = (more: string, head = '"directory.test" ldaps'): string => `domain "d"\ndirectory ${head} {\n\t${RULES}\tbinddn "cn=x"\n\t${more}\n}\n`;

function told(result: ReadResult): string {
  return "problems" in result ? result.problems.map(({ message, hint }) => `${message} (${hint})`).join("; ") : "sound";
}

test("ypldap.conf is read when only root may write it and others may not read it, as in the original", () =>
  withScratch(async (folder) => {
    const path = writeIn(folder, "ypldap.conf", conf(`bindcred "${SECRET}"`));
    for (const [mode, expected] of [
      [0o600, /^sound$/],
      [0o640, /^sound$/],
      [0o644, /others may read this file.*chmod 0640/],
      [0o660, /its group may write it/],
      [0o601, /others may read/],
    ] as const) {
      chmodSync(path, mode);
      assert.match(told(readConfigFile(path)), expected, mode.toString(8));
    }
  }));

test("a file with a password that group or others may read is refused, and so is one that is not there", () =>
  withScratch(async (folder) => {
    const secret = writeIn(folder, "secret", `${SECRET}\n`, 0o600);
    const path = writeIn(folder, "ypldap.conf", conf(`bindcredfile "${secret}"`), 0o600);
    const sound = readConfigFile(path);
    assert.ok("config" in sound, told(sound));
    assert.equal(sound.config.directory?.fetcher.sources[0]?.bindPassword, SECRET);
    for (const mode of [0o640, 0o604, 0o644]) {
      chmodSync(secret, mode);
      assert.match(told(readConfigFile(path)), /group or others may read/, mode.toString(8));
    }
    writeIn(folder, "ypldap.conf", conf(`bindcredfile "${folder}/none"`), 0o600);
    assert.match(told(readConfigFile(path)), /cannot be read/);
  }));

test("a file that is included is guarded like the one that includes it", () =>
  withScratch(async (folder) => {
    const included = writeIn(folder, "maps.conf", 'provide map "group.byname"\n', 0o600);
    const path = writeIn(folder, "ypldap.conf", `include "${included}"\n${conf(`bindcred "${SECRET}"`)}`, 0o600);
    const sound = readConfigFile(path);
    assert.ok("file" in sound, told(sound));
    assert.deepEqual(sound.file.directory?.yp_maps, ["group.byname"]);
    chmodSync(included, 0o644);
    assert.match(told(readConfigFile(path)), /group or others may read/);
  }));

test("the port of a directory is the one that is asked (defect 9)", () =>
  withScratch(async (folder) => {
    const path = writeIn(folder, "ypldap.conf", conf(`bindcred "${SECRET}"`, '"directory.test" port 3269 ldaps'), 0o600);
    const result = readConfigFile(path);
    assert.ok("config" in result, told(result));
    assert.equal(result.config.directory?.fetcher.sources[0]?.servers[0]?.port, 3269);
  }));

test("the password goes to the fetcher and to nobody else (defect 29, §8.3)", () =>
  withScratch(async (folder) => {
    const path = writeIn(folder, "ypldap.conf", conf(`bindcred "${SECRET}"`), 0o600);
    const result = readConfigFile(path);
    assert.ok("config" in result && result.config.directory !== undefined, told(result));
    const holds = (bytes: Uint8Array): boolean => Buffer.from(bytes).includes(SECRET);
    assert.equal(holds(encodeAll(fetcherConfig, result.config.directory.fetcher)), true);
    assert.equal(holds(encodeAll(directoryConfig, result.config.directory.engine)), false);
    assert.deepEqual([DIRECTORY.fetcherConfig.from, DIRECTORY.fetcherConfig.to], [["main"], ["fetcher"]]);
  }));

test("a securenets file that is not there lets in nobody but this machine, and that is said", () =>
  withScratch(async (folder) => {
    const path = writeIn(folder, "ypldap.conf", `securenets "${folder}/nets"\n${conf(`bindcred "${SECRET}"`)}`, 0o600);
    const missing = readConfigFile(path);
    assert.ok("config" in missing, told(missing));
    assert.deepEqual(missing.config.directory?.engine.yp?.allow, []);
    assert.match(missing.warnings.map(({ message }) => message).join(), /nets is not there/);
    writeIn(folder, "nets", "255.255.255.0 192.0.2.0\n");
    const there = readConfigFile(path);
    assert.ok("config" in there, told(there));
    assert.deepEqual(there.config.directory?.engine.yp?.allow, ["192.0.2.0/24"]);
    writeIn(folder, "nets", "192.0.2.0\n");
    assert.match(told(readConfigFile(path)), /line 1 is no network/);
  }));
