/** What every role but main does first: signals, fence, channel to main. */
import "./first.ts";
import { enterFence, type FenceProfileName } from "../platform/fence/enter.ts";
import { afterFence, beforeFence } from "./after-fence.ts";
import { native } from "../platform/native.ts";
import { collectWhenIdle } from "./idle-collection.ts";
import { Connection, type Incoming } from "./connection.ts";
import type { RoleName } from "./messages/message.ts";

/** The launcher puts the channel to main here. */
const CHANNEL_DESCRIPTOR = 3;

export type RoleSetup = {
  readonly role: RoleName;
  readonly profile: FenceProfileName;
  /** Called before the fence closes: timers and whatever needs a system call the fence forbids. */
  readonly prepare: (main: () => Connection) => (message: Incoming) => void;
};

/** Starts a role: `--uid N --gid N --empty-root DIR` come from main, `--shared-ids` where a user namespace forbids own ids. */
export function startRole({ role, profile, prepare }: RoleSetup): void {
  for (const signal of ["SIGINT", "SIGHUP", "SIGPIPE"] as const) process.on(signal, () => undefined); // main decides
  process.on("SIGTERM", () => process.exit(0));
  beforeFence(role);
  collectWhenIdle();
  let main: Connection | undefined;
  const handle = prepare(() => {
    if (main === undefined) throw new Error("the channel to main is opened after prepare");
    return main;
  });
  main = new Connection(CHANNEL_DESCRIPTOR, role, "main", { onMessage: handle, onEnd: () => process.exit(0) });
  const lacking = enterFence({
    profile,
    uid: Number(argument("--uid")),
    gid: Number(argument("--gid")),
    emptyRoot: argument("--empty-root"),
    ownUids: !process.argv.includes("--shared-ids"),
  });
  afterFence(role);
  globalThis.gc?.(); // tables and modules have left a megabyte of garbage, and an idle process would keep it
  native().trimMemory();
  main.send("ready", { role, lacking: [...lacking] });
}

function argument(name: string): string {
  const value = process.argv[process.argv.indexOf(name) + 1];
  if (!process.argv.includes(name) || value === undefined) throw new Error(`${name} is missing: roles are started by leasehold run`);
  return value;
}
