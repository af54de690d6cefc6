/**
 * The operator's program, run after something happened to an uplink: never before a packet was answered, four at once, one for each
 * interface, of one event only the latest, and none of them for long.
 */
import { LIMITS } from "../../base/limits.ts";
import type { Log } from "../../ports/log.ts";
import type { HostConfig } from "../../services/host-config.ts";
import { judgeExecutable } from "./hooks-file.ts";
import { runHook } from "./hooks-run.ts";
import { type HookIds, hookUser } from "./hooks-user.ts";

export type Happening = {
  readonly interface: string;
  readonly event: string;
  /** Of what on the interface, where there are many things; of two events of one kind about the same thing only the latest is told. */
  readonly about?: string;
  /** One JSON object and a newline. */
  readonly record: Uint8Array;
};
type Hook = { readonly path: string; readonly ids: HookIds; readonly noCapabilities: boolean };

const DROPS_NAMED = 10;

export class Hooks {
  readonly #log: Log;
  /** Of hooks without a user of their own. */
  readonly #own: HookIds;
  /** In the order of their turns. */
  readonly #waiting = new Map<string, Happening>();
  readonly #running = new Set<string>();
  #configured: HostConfig["hook"];
  #hook: Hook | undefined;
  #dropped = 0;

  /** @param own ids that nobody else has; undefined where there are none: the hook then has main's, without capabilities */
  constructor(own: HookIds, log: Log) {
    this.#own = own;
    this.#log = log;
  }

  configure(hook: HostConfig["hook"]): void {
    if (hook?.run === this.#configured?.run && hook?.user === this.#configured?.user) return;
    this.#configured = hook;
    this.#hook = hook === undefined ? undefined : this.#hookOf(hook);
    if (this.#hook === undefined) this.#waiting.clear();
    else if (!this.#hook.noCapabilities) this.#log.write("warn", "hooksRunAsRoot", { hook: this.#hook.path });
  }

  get isThere(): boolean {
    return this.#hook !== undefined;
  }

  happened(happening: Happening): void {
    if (this.#hook === undefined) return;
    const key = `${happening.interface} ${happening.event} ${happening.about ?? ""}`;
    this.#waiting.delete(key);
    this.#waiting.set(key, happening);
    const [oldest] = this.#waiting;
    if (this.#waiting.size > LIMITS.hooksWaiting && oldest !== undefined) this.#drop(...oldest);
    setImmediate(() => this.#next());
  }

  #hookOf({ run, user }: NonNullable<HostConfig["hook"]>): Hook | undefined {
    if (user === undefined) return { path: run, ids: this.#own, noCapabilities: true };
    const found = hookUser(user);
    if (found === undefined) this.#log.write("error", "hookRefused", { hook: run, error: `there is no user ${user} in /etc/passwd` });
    return found === undefined ? undefined : { path: run, ids: found.ids, noCapabilities: found.ids !== undefined };
  }

  /** The first ones are named in the log; how many there were is said when the program has caught up. */
  #drop(key: string, { interface: name, event }: Happening): void {
    this.#waiting.delete(key);
    if (++this.#dropped <= DROPS_NAMED) this.#log.write("warn", "hookDropped", { interface: name, on: event });
  }

  #next(): void {
    if (this.#waiting.size === 0) {
      if (this.#dropped > DROPS_NAMED) this.#log.write("warn", "hooksDropped", { events: this.#dropped });
      this.#dropped = 0;
    }
    for (const [key, happening] of this.#waiting) {
      if (this.#running.size >= LIMITS.hooksAtOnce) return;
      if (this.#running.has(happening.interface)) continue;
      this.#waiting.delete(key);
      this.#start(happening);
    }
  }

  #start(happening: Happening): void {
    const hook = this.#hook;
    if (hook === undefined) return;
    const judged = judgeExecutable(hook.path); // each time: what was sound may be another file by now
    if ("refused" in judged) return this.#log.write("error", "hookRefused", { hook: hook.path, error: judged.refused });
    this.#running.add(happening.interface);
    void runHook({ ...hook, path: judged.path }, happening).then((how) => {
      this.#running.delete(happening.interface);
      const about = { hook: hook.path, interface: happening.interface, on: happening.event };
      if (how.failed) this.#log.write("warn", "hookFailed", { ...about, how: how.how, said: how.said });
      else this.#log.write("debug", "hookEnded", { ...about, how: how.how, said: how.said });
      this.#next();
    });
  }
}
