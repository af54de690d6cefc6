/** `leasehold run` as users start it, in a namespace with one uplink and nobody at its other end. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { ControlWatcher } from "../support/control-watcher.ts";
import { type Namespace, type Running, waitFor } from "../support/namespace.ts";
import { run } from "../support/programs.ts";

export type Shown = {
  readonly pid: number;
  readonly roles: readonly { readonly name: string; readonly pid: number; readonly ready: boolean; readonly restarts: number }[];
};
/** How a role ended, from main's log. */
export type RoleEnded = { readonly name: string; readonly how: string };

/** Without outlets, so that whatever listens is not meant: whoever answers on the uplink or as a directory is not there. */
const SERVICES = {
  uplink4: '[system]\nresolver = "none"\n[uplink4.wan0]\n',
  uplink6: '[uplink6.wan0]\ndelegate = [ { to = ["lan0"] } ]\n',
  lan: "[lan.lan0]\n",
  directory: `[directory]
domain = "test"
yp = false
userdb = false

[directory.source.nobody]
server = "127.0.0.1"
base = "dc=test"
`,
};
const SERVICE_OF: Readonly<Record<string, keyof typeof SERVICES>> = {
  "engine-uplink4": "uplink4",
  "engine-uplink6": "uplink6",
  "engine-lan": "lan",
  "engine-directory": "directory",
  fetcher: "directory",
};

/** The fewest services with which all these roles run; main, frontend and control run with any. */
export function servicesWith(roles: readonly string[]): string {
  const services = new Set(roles.flatMap((role) => SERVICE_OF[role] ?? []));
  return [...(services.size === 0 ? ["uplink4" as const] : services)].map((name) => SERVICES[name]).join("\n");
}

export type ProgramOptions = {
  readonly installation: string;
  readonly scratch: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly configuration?: string;
};
const ALL_ROLES = ["frontend", "control", ...Object.keys(SERVICE_OF)];

export class Program {
  readonly running: Running;
  readonly #program: string;
  readonly #runtime: string;
  readonly #watcher: ControlWatcher;

  /** @param installation a folder with bin/, dist/ and native/; `scratch` is for configuration and state */
  constructor(namespace: Namespace, { installation, scratch, env = {}, configuration = servicesWith(ALL_ROLES) }: ProgramOptions) {
    this.#program = join(installation, "bin/leasehold");
    this.#runtime = join(scratch, "run");
    this.#watcher = new ControlWatcher(join(this.#runtime, "control.sock"));
    const file = join(scratch, "leasehold.toml");
    writeFileSync(file, configuration, { mode: 0o600 });
    const args = ["run", "-f", file, "--runtime-dir", this.#runtime, "--state-dir", join(scratch, "state"), "--log-level", "debug"];
    this.running = namespace.spawn(this.#program, args, { env: { ...process.env, ...env } });
  }

  static async withUplink(namespace: Namespace): Promise<void> {
    await namespace.ip("link", "add", "wan0", "type", "veth", "peer", "name", "provider0");
    await namespace.ip("link", "add", "lan0", "type", "veth", "peer", "name", "host0");
    for (const link of ["wan0", "provider0", "lan0", "host0"]) await namespace.ip("link", "set", link, "up");
  }

  /** What `leasehold show` says; undefined while it does not answer. */
  async shown(): Promise<Shown | undefined> {
    if (!(await this.#watcher.watch())) return undefined; // the control role goes when nobody is connected
    const { stdout, code } = await run(this.#program, ["show", "--json", "--runtime-dir", this.#runtime]);
    return code === 0 ? JSON.parse(stdout).main : undefined;
  }

  /** Once every role is there, control included. */
  allRoles(): Promise<Shown> {
    return this.ready(ALL_ROLES);
  }

  /** Once these roles are behind their fences. */
  ready(names: readonly string[]): Promise<Shown> {
    return waitFor(
      async (see) => {
        const shown = await this.shown();
        see(shown ?? this.running.stderr + this.running.stdout);
        return names.every((name) => shown?.roles.some((role) => role.name === name && role.ready)) ? shown : undefined;
      },
      20_000,
      `${names} run and are ready`,
    );
  }

  /** @param after a line of standard error: only what follows its last appearance counts, and nothing where it has not appeared */
  ended(after?: string): readonly RoleEnded[] {
    const all = this.running.stderr.split("\n").slice(0, -1);
    const from = after === undefined ? 0 : all.lastIndexOf(after) + 1;
    const lines = after !== undefined && from === 0 ? [] : all.slice(from);
    return lines.filter((line) => line.includes('"roleEnded"')).map((line) => JSON.parse(line) as RoleEnded);
  }
}
