import { native, check, PR, OPEN } from "../native.ts";
export type FenceProfileName = "engine" | "frontend" | "control";
export function enterFence(o: { profile: FenceProfileName; uid: number; gid: number; emptyRoot: string; ownUids: boolean }): readonly string[] {
  process.stderr; new Date().toString();
  const tasks = check(native().open("/proc/self/task", OPEN.read | 0o200000, 0), "open tasks");
  check(native().chroot(o.emptyRoot), "chroot");
  if (o.ownUids && (process.geteuid?.() !== o.uid || process.getegid?.() !== o.gid)) throw new Error("launcher did not set ids");
  check(native().clearCapabilities(tasks), "caps");
  check(native().prctl(PR.setDumpable, 0, 0, 0, 0), "dumpable");
  return [];
}
