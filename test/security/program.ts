/** `leasehold run` as users start it, in a namespace with one uplink and nobody at its other end. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Namespace, type Running, waitFor } from "../support/namespace.ts";
import { run } from "../support/programs.ts";

export type Shown = {
  readonly pid: number;
  readonly roles: readonly { readonly name: string; readonly pid: number; readonly ready: boolean; readonly restarts: number }[];
};
/** How a role ended, from main's log. */
export type RoleEnded = { readonly name: string; readonly how: string };

/** One of each, without outlets, so that whatever listens is not meant: whoever answers on the uplink or as a directory is not there. */
export const ALL_SERVICES = `[uplink4.wan0]

[uplink6.wan0]
delegate = [ { to = ["lan0"] } ]

[lan.lan0]

[directory]
domain = "test"
yp = false
userdb = false

[directory.source.nobody]
server = "127.0.0.1"
base = "dc=test"
`;
export type ProgramOptions = {
  readonly installation: string;
  readonly scratch: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly configuration?: string;
};
/** Roles of ALL_SERVICES, main apart. */
const ALL_ROLES = 7;

export class Program {
  readonly running: Running;
  readonly #program: string;
  readonly #runtime: string;

  /** @param installation a folder with bin/, dist/ and native/; `scratch` is for configuration and state */
  constructor(namespace: Namespace, { installation, scratch, env = {}, configuration = ALL_SERVICES }: ProgramOptions) {
    this.#program = join(installation, "bin/leasehold");
    this.#runtime = join(scratch, "run");
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
    const { stdout, code } = await run(this.#program, ["show", "--json", "--runtime-dir", this.#runtime]);
    return code === 0 ? JSON.parse(stdout).main : undefined;
  }

  /** Once every role is there, control included. */
  allRoles(): Promise<Shown> {
    return waitFor(
      async (see) => {
        const shown = await this.shown();
        see(shown ?? this.running.stderr + this.running.stdout);
        return shown !== undefined && shown.roles.filter(({ ready }) => ready).length >= ALL_ROLES ? shown : undefined;
      },
      20_000,
      "all roles run and are ready",
    );
  }

  ended(): readonly RoleEnded[] {
    const lines = this.running.stderr.split("\n").slice(0, -1);
    return lines.filter((line) => line.includes('"roleEnded"')).map((line) => JSON.parse(line) as RoleEnded);
  }
}

/** The children of a process, by the kernel. */
export function childrenOf(pid: number): readonly number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8")
      .trim()
      .split(" ")
      .filter((text) => text !== "")
      .map(Number);
  } catch {
    return [];
  }
}
