/** The system's name: watched without asking again and again, and set where a server gives one and the operator wants it. */
import { existsSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { parseDomainName } from "../../base/domain.ts";
import { check, checkPoll, native, OPEN, POLL, type PollHandle } from "../../platform/native.ts";
import { systemFailure } from "./failures.ts";
import { findProgram, runProgram } from "./helper-program.ts";

const FILE = "/proc/sys/kernel/hostname";
/** There where systemd runs, and with it whoever answers hostnamectl. */
const SYSTEMD = "/run/systemd/system";
/** HOST_NAME_MAX of Linux. */
const NAME_BYTES = 64;
const LABEL = /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/;

/** Up to its first dot; "" for one that no server should be told. */
export function shortHostName(): string {
  const label = hostname().split(".")[0] ?? "";
  return parseDomainName(label) === undefined ? "" : label;
}

/** @returns the name a host may take: letters, digits and hyphens (RFC 1123 §2.1), cut to its first label where it is too long; or undefined */
export function hostNameFrom(text: string): string | undefined {
  const labels = text.split(".");
  if (!labels.every((label) => LABEL.test(label)) || labels[0]?.toLowerCase() === "localhost") return undefined;
  return text.length <= NAME_BYTES ? text : labels[0];
}

/** Calls back with the short name whenever it is another one. The kernel tells of every change on the machine, those of other namespaces too. */
export class HostNameWatch {
  readonly #poll: PollHandle;
  #known = shortHostName();
  #open = true;

  /** @throws KernelError where the kernel's file cannot be watched */
  constructor(changed: (name: string) => void) {
    const fd = check(native().open(FILE, OPEN.read, 0), "open");
    try {
      this.#poll = checkPoll(native().pollNew(fd, () => this.#look(changed)));
      check(native().pollSet(this.#poll, POLL.priority), "poll");
    } finally {
      native().close(fd);
    }
    // the loop begins to watch when it next waits, and that takes note of a change without telling of it
    setImmediate(() => this.#look(changed));
  }

  close(): void {
    this.#open = false;
    native().pollClose(this.#poll);
  }

  #look(changed: (name: string) => void): void {
    const name = shortHostName();
    if (!this.#open || name === this.#known) return;
    this.#known = name;
    changed(name);
  }
}

/** Sets the name for as long as the machine runs. @returns why not, or undefined */
export async function takeHostName(name: string): Promise<string | undefined> {
  if (name === hostname()) return undefined;
  const hostnamectl = existsSync(SYSTEMD) ? findProgram("hostnamectl") : undefined;
  if (hostnamectl !== undefined) return runProgram(hostnamectl, ["--transient", "set-hostname", name]);
  try {
    writeFileSync(FILE, name);
    return undefined;
  } catch (error) {
    const failure = systemFailure(error);
    if (failure === undefined) throw error;
    return failure.message;
  }
}
