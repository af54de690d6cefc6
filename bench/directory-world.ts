/**
 * 100,000 users in one slapd; ours and nslcd read it in a private root of one namespace, Debian's ypserv serves the same map in another.
 * Everything is started as a user starts it; ours with all roles, all fences and its state on the disk.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { type Leasehold, startLeasehold } from "../test/support/leasehold.ts";
import { SUFFIX } from "../test/support/ldif.ts";
import { type Namespace, type Running, waitFor, withNamespaces } from "../test/support/namespace.ts";
import { bindToServer, startRpcbind, startYpserv } from "../test/support/nis.ts";
import { NIS_DOMAIN, PrivateRoot } from "../test/support/private-root.ts";
import { sound } from "../test/support/programs.ts";
import { writeIn } from "../test/support/scratch.ts";
import { type Slapd, startSlapd } from "../test/support/slapd.ts";
import { unpacked } from "../test/support/unpacked.ts";
import { compiled } from "./isolated.ts";

/** One of the users has the id 65,535, which nobody may have. */
const USERS = 100_001;
export const SERVED = USERS - 1;
export const PAGE = 1000;
export const PATIENCE_MS = 60_000;
/** Of the first 45,000 all are served. */
export const NAMES = { pattern: "person%05d", count: "45000" } as const;

export type DirectoryWorld = {
  readonly folder: string;
  readonly house: Namespace;
  /** Where ours and nslcd are, and where ypserv is. */
  readonly ours: PrivateRoot;
  readonly theirs: PrivateRoot;
  readonly slapd: Slapd;
  readonly tools: { readonly timed: string; readonly ypmatch: string; readonly getpwnam: string };
};

export async function withDirectoryWorld(folder: string, body: (world: DirectoryWorld) => Promise<void>): Promise<void> {
  const tools = { timed: compiled("timed", folder), ypmatch: compiled("ypmatch", folder), getpwnam: compiled("getpwnam", folder) };
  await withNamespaces(["house", "peer"], async ({ house, peer }) => {
    const slapd = await startSlapd(house, { users: USERS, groups: 0, anonymous: true, sync: true, index: "uid,uidNumber eq" });
    try {
      const [ours, theirs] = [house, peer].map((ns, i) => new PrivateRoot(ns, makeFolder(folder, `root${i}`)));
      if (ours === undefined || theirs === undefined) return;
      for (const root of [ours, theirs]) bindToServer(root, "127.0.0.1");
      await body({ folder, house, ours, theirs, slapd, tools });
    } finally {
      slapd.remove();
    }
  });
}

export type Serving = { readonly program: Leasehold; readonly port: string };

/** @param refresh how it learns of changes */
export async function startOurs({ ours, folder }: DirectoryWorld, name: string, refresh: "whole" | "sync"): Promise<Serving> {
  const toml = `[directory]
domain = "${NIS_DOMAIN}"
interval_seconds = 86400

[directory.source.main]
server = "127.0.0.1"
transport = "plain"
page_size = ${PAGE}
refresh = "${refresh}"
base = "${SUFFIX}"

[directory.source.main.user_fields]
gecos = "cn"
`;
  const program = await startLeasehold(ours, folder, toml, name, "info");
  const port = await waitFor(
    async () => {
      const { directory } = (await program.show()) as object as Shown;
      return directory.snapshot?.users === SERVED && directory.update.phase === "idle" ? String(directory.yp.port) : undefined;
    },
    PATIENCE_MS,
    "all users are served",
  );
  return { program, port };
}

type Shown = {
  readonly directory: {
    readonly snapshot: { readonly users: number } | null;
    readonly update: { readonly phase: string };
    readonly yp: { readonly port: number };
  };
};

/** The processes of these roles. */
export async function pidsOf({ program }: Serving, names: readonly string[]): Promise<readonly number[]> {
  return (await program.show()).main.roles.filter(({ name }) => names.includes(name)).map(({ pid }) => pid);
}

export async function startNslcd({ ours }: DirectoryWorld): Promise<Running> {
  mkdirSync(join(ours.folder, "run/nslcd"), { recursive: true });
  ours.write(
    "etc/nslcd.conf",
    ["uid nobody", "gid nogroup", "uri ldap://127.0.0.1/", `base ${SUFFIX}`, "pagesize 1000", "map passwd gecos cn", ""].join("\n"),
  );
  execFileSync("chown", ["65534:65534", join(ours.folder, "run/nslcd")]);
  return ours.peer(unpacked("usr/sbin/nslcd"), "-n");
}

/** Debian's ypserv over the same lines. @returns its port */
export async function startPeerYpserv({ ours, theirs }: DirectoryWorld): Promise<string> {
  const { stdout: lines } = sound(await ours.run("ypcat", "-k", "passwd.byname"));
  await startRpcbind(theirs);
  await startYpserv(theirs, { "passwd.byname": lines });
  const { stdout } = sound(await theirs.run("rpcinfo", "-p", "127.0.0.1"));
  return /^ *100004 +2 +udp +(\d+)/m.exec(stdout)?.[1] ?? "";
}

/** Who is asked for a user in the root of ours. */
export function asks(root: PrivateRoot, module: "nis" | "systemd" | "ldap"): void {
  const others = ["group", "shadow", "hosts", "services", "protocols", "rpc", "netgroup"].map((name) => `${name}: files\n`).join("");
  root.write("etc/nsswitch.conf", `passwd: files ${module}\n${others}`);
}

export function makeFolder(folder: string, name: string): string {
  writeIn(folder, `${name}/.keep`, "");
  return join(folder, name);
}
