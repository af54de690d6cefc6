/** Starts the roles behind the launcher, tells when they are ready, and starts them again with growing pauses when they die. */
import { LIMITS } from "../../base/limits.ts";
import { channelPair, closeAll } from "../../platform/channel.ts";
import { type Role, type RoleLaunch, spawnRole } from "../../platform/launcher.ts";
import { Connection, type Incoming } from "../connection.ts";
import type { RoleName } from "../messages/message.ts";

export type ChildName = Exclude<RoleName, "main">;
export type ChildPlan = {
  readonly name: ChildName;
  readonly launch: Omit<RoleLaunch, "channelFd">;
  /** Not started again when it ends: `control` comes and goes. */
  readonly onDemand?: true;
};
export type ChildHandlers = {
  readonly onReady: (name: ChildName) => void;
  readonly onMessage: (name: ChildName, message: Incoming) => void;
  readonly onGone: (name: ChildName, how: string) => void;
};

type Child = { readonly role: Role; readonly connection: Connection; ready: boolean };
const FIRST_PAUSE_MS = 100;
/** A role that has lived this long starts without a pause again. */
const STEADY_MS = 10_000;

export class Children {
  readonly #plans: ReadonlyMap<ChildName, ChildPlan>;
  readonly #handlers: ChildHandlers;
  readonly #running = new Map<ChildName, Child>();
  readonly #pausesMs = new Map<ChildName, number>();
  readonly restarts = new Map<ChildName, number>();
  #stopping = false;

  constructor(plans: readonly ChildPlan[], handlers: ChildHandlers) {
    this.#plans = new Map(plans.map((plan) => [plan.name, plan]));
    this.#handlers = handlers;
  }

  start(name: ChildName): void {
    const plan = this.#plans.get(name);
    if (plan === undefined || this.#running.has(name) || this.#stopping) return;
    const [ours, theirs] = channelPair();
    const startedAt = performance.now();
    const role = spawnRole({ ...plan.launch, channelFd: theirs });
    closeAll([theirs]);
    const connection = new Connection(ours, "main", name, {
      onMessage: (message) => this.#received(name, message),
      onEnd: () => undefined, // its exit follows
    });
    this.#running.set(name, { role, connection, ready: false });
    role.onExit(({ code, signal }) => this.#gone(plan, startedAt, signal ?? `exit code ${code}`));
  }

  /** The connection of a role that is ready. */
  to(name: ChildName): Connection | undefined {
    const child = this.#running.get(name);
    return child?.ready === true ? child.connection : undefined;
  }

  /** One that hangs, and is started again, or that nobody needs any more. */
  end(name: ChildName): void {
    this.#running.get(name)?.role.kill("SIGKILL");
  }

  /** Every process there is. One that is not ready has been started and is not behind its fence yet. */
  running(): readonly { readonly name: ChildName; readonly pid: number; readonly ready: boolean; readonly restarts: number }[] {
    return [...this.#running].map(([name, { role, ready }]) => ({ name, pid: role.pid, ready, restarts: this.restarts.get(name) ?? 0 }));
  }

  /** Frames of each role that could not be read, by reason. */
  unreadable(): Readonly<Record<string, unknown>> {
    return Object.fromEntries([...this.#running].map(([name, { connection }]) => [name, connection.refused.toJSON()]));
  }

  /** Ends all roles; resolves when the last one is gone. */
  async stop(): Promise<void> {
    this.#stopping = true;
    const ends = [...this.#running.values()].map(({ role }) => new Promise<void>((resolve) => role.onExit(() => resolve())));
    for (const { role } of this.#running.values()) role.kill("SIGTERM");
    const impatient = setTimeout(() => {
      for (const { role } of this.#running.values()) role.kill("SIGKILL");
    }, 2000);
    await Promise.all(ends);
    clearTimeout(impatient);
  }

  #received(name: ChildName, message: Incoming): void {
    const child = this.#running.get(name);
    if (message.kind !== "ready") return this.#handlers.onMessage(name, message);
    if (child === undefined || message.body.role !== name) return;
    child.ready = true;
    child.connection.send("start", true);
    this.#handlers.onReady(name);
    if (message.body.lacking.length > 0) this.#handlers.onMessage(name, message);
  }

  #gone(plan: ChildPlan, startedAt: number, how: string): void {
    const { name } = plan;
    this.#running.get(name)?.connection.close();
    this.#running.delete(name);
    if (this.#stopping) return;
    this.#handlers.onGone(name, how);
    if (plan.onDemand === true) return;
    const steady = performance.now() - startedAt > STEADY_MS;
    const pauseMs = steady ? FIRST_PAUSE_MS : (this.#pausesMs.get(name) ?? FIRST_PAUSE_MS);
    this.#pausesMs.set(name, Math.min(LIMITS.restartBackoffSeconds * 1000, pauseMs * 2));
    this.restarts.set(name, (this.restarts.get(name) ?? 0) + 1);
    setTimeout(() => this.start(name), pauseMs);
  }
}
