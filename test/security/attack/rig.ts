/**
 * Starts single roles of the attack build: behind the real launcher with the arguments main gives them, or bare. One
 * process an attempt, because an attempt that is denied ends it.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { channelPair, closeAll } from "../../../src/platform/channel.ts";
import { type RoleEnd, spawnRole } from "../../../src/platform/launcher.ts";
import { nativeFolder } from "../../../src/platform/native.ts";
import { childPlans } from "../../../src/roles/main/plans.ts";
import type { ChildName } from "../../../src/roles/main/children.ts";
import { run, sound } from "../../support/programs.ts";
import { installedSyscalls } from "../../platform/fence/headers.ts";
import type { Order } from "./attack.ts";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
/** In no account and no block that main takes. */
const UID = 288_999;
const PLANS_FOLDER = fileURLToPath(new URL("../../../src/roles/main", import.meta.url));

export class Rig {
  /** As an installation: bin/, dist/ with the attack build, native/, and an empty folder for roots. */
  readonly folder: string;
  readonly #victim = spawn("/bin/sleep", ["600"], { stdio: "ignore" });
  readonly #plans;

  private constructor(folder: string) {
    this.folder = folder;
    const ids = { of: () => UID, release: () => undefined };
    this.#plans = childPlans({ ids, emptyRoot: join(folder, "empty") });
  }

  /** Builds the roles with the attack code in them. */
  static async build(): Promise<Rig> {
    const folder = mkdtempSync(join(tmpdir(), "leasehold-attack-"));
    symlinkSync(join(ROOT, "native"), join(folder, "native"));
    cpSync(join(ROOT, "bin"), join(folder, "bin"), { recursive: true }); // finds its dist/ beside itself, so no link
    mkdirSync(join(folder, "empty"), { mode: 0o555 });
    sound(await run(process.execPath, [join(ROOT, "scripts/build-native.mjs"), "--attack"]));
    sound(await run(process.execPath, [join(ROOT, "scripts/build.mjs"), "--attack", "--out", join(folder, "dist")]));
    return new Rig(folder);
  }

  close(): void {
    this.#victim.kill("SIGKILL");
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** @param numbers only for attempts that call by name */
  order(attempt: Order["attempt"]): Order {
    const numbers = installedSyscalls();
    return {
      attempt,
      addon: join(nativeFolder(), "attack.node"),
      victim: this.#victim.pid ?? -1,
      numbers: typeof attempt === "number" || typeof numbers === "string" ? {} : Object.fromEntries(numbers),
    };
  }

  /** The role as main starts it, up to its fence and one attempt behind it. */
  async fenced(role: ChildName, attempt: Order["attempt"]): Promise<RoleEnd> {
    const plan = this.#plans.find(({ name }) => name === role);
    if (plan === undefined) throw new Error(`main does not start ${role}`);
    const here = (path: string): string =>
      path === PLANS_FOLDER || path.startsWith(`${PLANS_FOLDER}/`) ? join(this.folder, "dist", path.slice(PLANS_FOLDER.length)) : path;
    const { launch } = plan;
    const [ours, theirs] = channelPair();
    const child = spawnRole({
      ...launch,
      args: [...launch.args.map(here), "--attack", JSON.stringify(this.order(attempt))],
      landlockRead: (launch.landlockRead ?? []).map(here),
      channelFd: theirs,
    });
    closeAll([theirs]);
    const end = await new Promise<RoleEnd>((resolve) => child.onExit(resolve));
    closeAll([ours]);
    return end;
  }

  /** The same bundle as root under plain node, its fence not closed yet: only in namespaces of its own, to spare the machine. */
  async bare(role: ChildName, attempt: Order["attempt"]): Promise<RoleEnd> {
    const order: Order = { ...this.order(attempt), unfenced: true };
    const bundle = join(this.folder, "dist", `${role}.mjs`);
    const child = spawn(
      "unshare",
      [
        "--mount",
        "--net",
        "--uts",
        "--",
        "/bin/sh",
        "-c",
        'ip link set lo up; exec "$@"',
        "sh",
        process.execPath,
        bundle,
        "--attack",
        JSON.stringify(order),
      ],
      { stdio: ["ignore", "ignore", "pipe"] },
    );
    const [code, signal] = await once(child, "exit");
    return { code, signal };
  }
}

/** Runs work for each item, as many at once as keep the machine busy. */
export async function forEach<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const waiting = [...items];
  const worker = async (): Promise<void> => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: availableParallelism() + 1 }, worker));
}

/** For messages: "SIGSYS" or "exit code 40". */
export function spoken({ code, signal }: RoleEnd): string {
  return signal ?? `exit code ${code}`;
}
