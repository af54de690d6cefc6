/** Names that clients give themselves, on their way into a file that others read line by line. */
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { HostsFiles } from "../../src/roles/main/hosts-files.ts";
import { waitFor } from "../support/programs.ts";

const ADDRESS = "2001:db8:1::5";

async function inFolder(story: (folder: string, files: HostsFiles) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "leasehold-hosts-"));
  const files = new HostsFiles((error) => assert.fail(error));
  try {
    files.configure(folder, new Set(["lan0"]));
    await story(folder, files);
  } finally {
    files.configure(undefined, new Set());
    rmSync(folder, { recursive: true, force: true });
  }
}

test("I12: a name with a line's end, a space, a tab or a comment in it is refused by main too: no line is forged, none is written", () =>
  inFolder(async (folder, files) => {
    const forged = ["a\n::1 bank.example", "a b", "a\tb", "a#", "-a", "a-", "", "a.b", "\u00e4", `a${"b".repeat(63)}`, "a\0", "a\r"];
    for (const hostName of forged) {
      const names = [{ address: ADDRESS, hostName }] as never;
      assert.equal(files.take({ name: "lan0", domain: "home.example", names } as never, true), "names", JSON.stringify(hostName));
    }
    await delay(50);
    assert.deepEqual(readdirSync(folder), []);
    const names = [{ address: ADDRESS, hostName: "printer" }] as never;
    assert.equal(files.take({ name: "lan0", domain: "home.example", names } as never, true), undefined);
    await waitFor(() => readdirSync(folder).length > 0, 5000, "a file of names");
    const [file = ""] = readdirSync(folder);
    assert.equal(readFileSync(join(folder, file), "utf8"), `${ADDRESS}\tprinter.home.example\tprinter\n`);
  }));
