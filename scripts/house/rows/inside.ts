/** Looks into the namespace of another process: sockets opened there stay there. */
import { closeSync, openSync } from "node:fs";
import { check, CLONE, native } from "../../../src/platform/native.ts";
import { KernelNetwork } from "../../../src/platform/netlink/kernel-network.ts";

export function insideOf<T>(pid: number, look: () => T): T {
  const home = openSync("/proc/thread-self/ns/net", "r");
  const there = openSync(`/proc/${pid}/ns/net`, "r");
  try {
    check(native().setns(there, CLONE.newnet), "setns");
    return look();
  } finally {
    check(native().setns(home, CLONE.newnet), "setns");
    closeSync(there);
    closeSync(home);
  }
}

/** The kernel of that namespace. */
export function kernelOf(pid: number): KernelNetwork {
  return insideOf(pid, () => new KernelNetwork());
}
