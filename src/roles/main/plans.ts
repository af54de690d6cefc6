/** How each role is started: its bundle, its fence, its V8 flags. */
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { runtimeReadPaths } from "../../platform/launcher.ts";
import { nativeFolder } from "../../platform/native.ts";
import type { ChildName, ChildPlan } from "./children.ts";
import type { Ids } from "./ids.ts";

/** --expose-gc: what loading left behind is given back once (role.ts). */
const COMMON_FLAGS = ["--disallow-code-generation-from-strings", "--disable-proto=throw", "--max-semi-space-size=1", "--expose-gc"];
/**
 * No machine code at run time, hence no executable mapping: for roles that read packets. --optimize-for-size: without it garbage may grow
 * to 30 MiB before it is collected, and how far it does depends on luck; with it to 4, for a tenth more time under a flood.
 */
const JITLESS_FLAGS = ["--jitless", "--optimize-for-size", ...(nodeMajor() <= 22 ? ["--no-expose-wasm"] : [])]; // without it older versions warn, newer ones do not know it
/** Answers a person now and then: V8 copies its built-in code beside compiled code for speed, 2 MiB that control does not earn back. */
const FLAGS_OF: Partial<Record<ChildName, readonly string[]>> = {
  control: ["--no-short-builtin-calls"],
  // It makes a few objects of each of a hundred thousand entries and keeps none: helpers that collect them cost more than they save.
  fetcher: ["--single-threaded-gc", "--max-semi-space-size=4"],
};
const DESCRIPTORS_MAX = 1024;
/** The launcher opens it as the process that becomes the role: the list of threads whose rights are dropped. */
const OWN_THREADS = "/proc/self/task";

/** Roles that compile at run time: measured to need it, or made of libraries that do. */
export const JIT_ROLES = ["engine-lan", "engine-directory", "fetcher", "control"] as const satisfies readonly ChildName[];

type Surroundings = { readonly ids: Ids | undefined; readonly emptyRoot: string };

export function childPlans({ ids, emptyRoot }: Surroundings): readonly ChildPlan[] {
  const folder = dirname(fileURLToPath(import.meta.url));
  const plan = (name: ChildName, traits: { readonly newNet: boolean; readonly onDemand?: true }): ChildPlan => {
    const bundle = join(folder, `${name}.mjs`);
    const uid = ids?.of(name);
    const own = uid === undefined ? {} : { uid, gid: uid };
    return {
      name,
      ...(traits.onDemand === true ? { onDemand: true } : {}),
      launch: {
        program: process.execPath,
        args: [
          ...COMMON_FLAGS,
          ...((JIT_ROLES as readonly string[]).includes(name) ? [] : JITLESS_FLAGS),
          ...(FLAGS_OF[name] ?? []),
          bundle,
          "--uid",
          String(uid ?? 0),
          "--gid",
          String(uid ?? 0),
          "--empty-root",
          emptyRoot,
          ...(uid === undefined ? ["--shared-ids"] : []),
        ],
        ...own,
        newNet: traits.newNet,
        landlockRead: [...runtimeReadPaths(), folder, nativeFolder(), emptyRoot, OWN_THREADS],
        maxFds: DESCRIPTORS_MAX,
        chdir: "/",
      },
    };
  };
  return [
    plan("frontend", { newNet: false }),
    plan("engine-uplink4", { newNet: true }),
    plan("engine-uplink6", { newNet: true }),
    plan("engine-lan", { newNet: true }),
    plan("engine-directory", { newNet: true }),
    plan("fetcher", { newNet: false }),
    plan("control", { newNet: true, onDemand: true }),
  ];
}

function nodeMajor(): number {
  return Number(process.versions.node.split(".")[0]);
}
