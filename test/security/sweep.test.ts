/** Every system call there is, one process each: real roles, real filter, real deaths. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { PROFILES } from "../../src/platform/fence/profiles.ts";
import { installedSyscalls } from "../platform/fence/headers.ts";
import { EXIT } from "./attack/attack.ts";
import { forEach, Rig, spoken } from "./attack/rig.ts";

const ROLES = [
  { name: "engine-uplink4", profile: PROFILES.engine },
  { name: "frontend", profile: PROFILES.frontend },
  { name: "control", profile: PROFILES.control },
  { name: "engine-lan", profile: PROFILES["engine+journal"] },
  { name: "engine-directory", profile: PROFILES["engine+streams"] },
  { name: "fetcher", profile: PROFILES.fetcher },
] as const;
/** uprobe and uretprobe: by the kernel's design no filter sees them; called from anywhere else they only raise SIGILL. */
const UNSEEN = process.arch === "x64" ? [335, 336] : [];
/** Past every number a kernel of today knows. */
const LAST = 480;

const headers = installedSyscalls();
const skip = process.getuid?.() !== 0 ? "needs root: own uids, namespaces" : typeof headers === "string" ? headers : false;

describe("system calls inside the roles", { skip }, () => {
  let rig: Rig;
  before(async () => {
    rig = await Rig.build();
  });
  after(() => rig.close());

  for (const { name: role, profile } of ROLES) {
    test(`${role}: every system call of 0 to ${LAST} that its table does not name ends it`, async () => {
      if (typeof headers === "string") return;
      assert.equal(spoken(await rig.fenced(role, "nothing")), `exit code ${EXIT.succeeded}`);
      const named = new Set(profile.rules.map(({ name }) => headers.get(name)));
      const numbers = Array.from({ length: LAST + 1 }, (_, number) => number).filter((number) => !named.has(number) && !UNSEEN.includes(number));
      const survived: string[] = [];
      await forEach(numbers, async (number) => {
        const end = spoken(await rig.fenced(role, number));
        if (end !== "SIGSYS") survived.push(`${number}: ${end}`);
      });
      assert.deepEqual(survived, []);
    });
  }
});
