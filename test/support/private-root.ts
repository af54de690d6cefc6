/**
 * A machine's /etc, /run and /var of its own for programs in a namespace: who resolves users, where rpcbind and userdb are asked, which
 * NIS domain this is. Every program gets the same folders in a mount and UTS namespace of its own; the real ones are not touched.
 */
import { cpSync, existsSync, mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import type { Namespace, SpawnOptions } from "./namespace.ts";
import type { Finished, Running } from "./programs.ts";
import { writeIn } from "./scratch.ts";
import { unpacked, unpackedEnvironment } from "./unpacked.ts";

export const NIS_DOMAIN = "ypt";

/** What programs look up in /etc and is no secret; the rest is written anew. */
const COPIED = ["ld.so.cache", "ld.so.conf", "ld.so.conf.d", "alternatives", "protocols", "services", "rpc", "ssl", "localtime", "os-release"];
const WRITTEN = {
  "etc/passwd": "root:x:0:0:root:/root:/bin/sh\n_rpc:x:990:65534::/run/rpcbind:/usr/sbin/nologin\nnobody:x:65534:65534:nobody:/:/usr/sbin/nologin\n",
  "etc/group": "root:x:0:\nnogroup:x:65534:\n",
  "etc/nsswitch.conf":
    "passwd: files nis\ngroup: files nis\nshadow: files\nhosts: files\nservices: files\nprotocols: files\nrpc: files\nnetgroup: nis\n",
  "etc/hosts": "127.0.0.1 localhost nistest\n::1 localhost\n",
  "etc/hostname": "nistest\n",
  "var/yp/nicknames": "",
} as const;
const FOLDERS = ["run/rpcbind", "run/lock", "run/systemd/userdb", "var/yp/binding", "var/lib", "var/tmp"];
const ENTER = [
  "set -e",
  'for name in etc run var; do mount --bind "$1/$name" "/$name"; done',
  'echo "$2" >/proc/sys/kernel/domainname',
  "hostname nistest",
  "shift 2",
  'exec "$@"',
].join("\n");

export class PrivateRoot {
  readonly #ns: Namespace;
  /** The folders of this root, as seen from outside: `etc`, `run`, `var`. */
  readonly folder: string;

  constructor(ns: Namespace, scratch: string) {
    this.#ns = ns;
    this.folder = join(scratch, "root");
    if (existsSync(this.folder)) return; // started a second time: what was written stays
    for (const name of FOLDERS) mkdirSync(join(this.folder, name), { recursive: true });
    symlinkSync("/run", join(this.folder, "var/run"));
    mkdirSync(join(this.folder, "etc"), { recursive: true });
    for (const name of COPIED.filter((one) => existsSync(join("/etc", one))))
      cpSync(join("/etc", name), join(this.folder, "etc", name), { recursive: true, verbatimSymlinks: true });
    cpSync(unpacked("etc/netconfig"), join(this.folder, "etc/netconfig"));
    for (const [name, text] of Object.entries(WRITTEN)) this.write(name, text);
  }

  /** @param name `etc/yp.conf`, for one */
  write(name: string, text: string): void {
    writeIn(this.folder, name, text);
  }

  /** To its end; any exit code is an answer. */
  run(command: string, ...args: readonly string[]): Promise<Finished> {
    return this.#ns.attempt("unshare", ...entered(this.folder, [...environment(), command, ...args]));
  }

  /** As `run`, as a user without rights. */
  runAsNobody(command: string, ...args: readonly string[]): Promise<Finished> {
    return this.runAs(65_534, command, ...args);
  }

  /** As `run`, as whoever has this number, with a group of the same. */
  runAs(id: number, command: string, ...args: readonly string[]): Promise<Finished> {
    return this.run("setpriv", `--reuid=${id}`, `--regid=${id}`, "--clear-groups", command, ...args);
  }

  /** A peer that stays, with the unpacked libraries. */
  peer(command: string, ...args: readonly string[]): Running {
    return this.#ns.spawn("unshare", entered(this.folder, [...environment(), command, ...args]));
  }

  /** A program of ours, in the environment a user would start it in. */
  spawn(command: string, args: readonly string[], options: SpawnOptions = {}): Running {
    return this.#ns.spawn("unshare", entered(this.folder, [command, ...args]), options);
  }
}

function entered(folder: string, command: readonly string[]): readonly string[] {
  return ["--mount", "--uts", "--propagation", "private", "sh", "-c", ENTER, "sh", folder, NIS_DOMAIN, ...command];
}

function environment(): readonly string[] {
  return ["env", ...Object.entries(unpackedEnvironment()).map(([name, value]) => `${name}=${value}`)];
}
