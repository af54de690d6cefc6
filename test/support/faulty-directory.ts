/** A directory that was served and then goes wrong: slapd, our program and NIS clients in one namespace, and how long an answer takes. */
import { execFile } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { DirectoryView } from "../../src/services/directory/view.ts";
import { type Leasehold, type Place, startLeasehold } from "./leasehold.ts";
import { READER, SUFFIX, userName } from "./ldif.ts";
import { fieldsOf } from "./capture.ts";
import { type Namespace, waitFor, withNamespaces } from "./namespace.ts";
import { bindToServer } from "./nis.ts";
import { NIS_DOMAIN, PrivateRoot } from "./private-root.ts";
import { withScratch, writeIn } from "./scratch.ts";
import { SERVER_NAME, type Slapd, type SlapdOptions, startSlapd } from "./slapd.ts";

const BIN = join(dirname(fileURLToPath(import.meta.url)), "../../bin/leasehold");
const PATIENCE_MS = 20_000;
/** After a failure an update is tried again in five seconds, then ten, each within a fifth. */
export const RECOVERY_MS = 30_000;
const LOOKUPS = 40;

export type Told = { readonly code: number; readonly text: string };
export type Faulty = {
  readonly machine: Namespace;
  readonly slapd: Slapd;
  readonly root: PrivateRoot;
  readonly folder: string;
  /** @param source lines of `[directory.source.main]`; @param more lines of `[directory]` */
  readonly toml: (source?: string, more?: string) => string;
  /** Starts the program and waits until all users are served. */
  readonly serving: (toml: string, place?: Place) => Promise<Leasehold>;
};

export async function inFaulty(options: SlapdOptions, story: (world: Faulty) => Promise<void>): Promise<void> {
  await withScratch((folder) =>
    withNamespaces(["machine"], async ({ machine }) => {
      const slapd = await startSlapd(machine, { ...options, tls: true });
      try {
        const root = new PrivateRoot(machine, folder);
        root.write("etc/hosts", `127.0.0.1 localhost nistest ${SERVER_NAME}\n`);
        bindToServer(root, "127.0.0.1");
        const authority = writeIn(folder, "authority.pem", slapd.authorityPem);
        const secret = writeIn(folder, "secret", `${READER.password}\n`, 0o600);
        const toml = (source = "", more = ""): string => `[directory]
domain = "${NIS_DOMAIN}"
interval_seconds = ${more.includes("interval_seconds") ? "" : "3600\n"}${more.replace(/^interval_seconds = /, "")}
[directory.source.main]
server = "${SERVER_NAME}"
ca_file = "${authority}"
bind_dn = "${READER.dn}"
bind_password_file = "${secret}"
base = "${SUFFIX}"
${source}
`;
        const serving = async (text: string, place: Place = root): Promise<Leasehold> => {
          const ours = await startLeasehold(place, folder, text);
          await servedUsers(root, options.users, ours.log);
          return ours;
        };
        await story({ machine, slapd, root, folder, toml, serving });
      } finally {
        slapd.remove();
      }
    }),
  );
}

/** As whoever calls; what it says and how it ends. */
export function directory(folder: string, ...words: readonly string[]): Promise<Told> {
  const args = ["directory", ...words, "--runtime-dir", join(folder, "leasehold.run")];
  return new Promise((resolve) => {
    execFile(BIN, args, { encoding: "utf8" }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), text: `${stdout}${stderr}` }),
    );
  });
}

/** What `status` says, to people and to programs. */
export async function statusOf(folder: string): Promise<{ readonly text: string; readonly view: DirectoryView }> {
  const { text } = await directory(folder, "status");
  return { text, view: JSON.parse((await directory(folder, "status", "--json")).text) as DirectoryView };
}

/** Once it has become so. @param what says it in words */
export function statusBecomes(
  folder: string,
  wanted: (view: DirectoryView) => boolean,
  what: string,
  timeoutMs = RECOVERY_MS,
): Promise<DirectoryView> {
  return waitFor(
    async (see) => {
      const { view } = await statusOf(folder);
      see(view);
      return wanted(view) ? view : undefined;
    },
    timeoutMs,
    what,
  );
}

export async function userLines(root: PrivateRoot): Promise<readonly string[]> {
  return (await root.run("ypcat", "passwd.byname")).stdout.split("\n").filter((line) => line !== "");
}

export function servedUsers(root: PrivateRoot, count: number, log: () => string = () => ""): Promise<readonly string[]> {
  return waitFor(
    async (see) => {
      const told = await userLines(root);
      see(`${told.length} users\n${log().slice(-3000)}`);
      return told.length === count ? told : undefined;
    },
    PATIENCE_MS,
    `${count} users over YP`,
  );
}

export const lineOf = async (root: PrivateRoot, name: string): Promise<string> => (await root.run("ypmatch", name, "passwd.byname")).stdout.trim();

/** LDIF that gives a user another shell. */
export function otherShell(name: string, shell: string): string {
  return `dn: uid=${name},ou=people,${SUFFIX}\nchangetype: modify\nreplace: loginShell\nloginShell: ${shell}\n`;
}

export type Lookups = { readonly lines: readonly string[]; readonly medianMs: number; readonly slowestMs: number };

/**
 * Debian's ypmatch asks for users one after the other, each time the portmapper first; on the loopback stands when each question passed and when its answer did:
 * what lies between them is ours alone.
 */
export async function lookUp({ machine, root }: Pick<Faulty, "machine" | "root">, names: readonly string[]): Promise<Lookups> {
  const capture = await machine.capture("lo", "udp");
  const script = names.map((name) => `ypmatch ${name} passwd.byname`).join("\n");
  const { stdout } = await root.run("sh", "-c", script);
  await capture.stop();
  const rows = await fieldsOf(capture.file, "rpc.msgtyp == 1", ["rpc.time"]);
  const times = rows.map(([seconds]) => Number(seconds) * 1000).sort((a, b) => a - b);
  const at = (part: number): number => times[Math.min(times.length - 1, Math.floor(times.length * part))] ?? Number.NaN;
  return { lines: stdout.split("\n").filter((line) => line !== ""), medianMs: at(0.5), slowestMs: at(1) };
}

/** The users of the first numbers are told as they were, each in less than a millisecond: others use this machine too, so it is looked at more than once. */
export async function answersAtOnce(world: Pick<Faulty, "machine" | "root">, expected: readonly string[]): Promise<Lookups> {
  const names = Array.from({ length: LOOKUPS }, (_, i) => userName(i));
  const wanted = names.map((name) => expected.find((line) => line.startsWith(`${name}:`)));
  return waitFor(
    async (see) => {
      const looked = await lookUp(world, names);
      if (JSON.stringify(looked.lines) !== JSON.stringify(wanted)) throw new Error(`other users are told: ${looked.lines.slice(0, 3).join("; ")}`);
      see({ median: looked.medianMs, slowest: looked.slowestMs });
      return looked.medianMs < 1 ? looked : undefined;
    },
    PATIENCE_MS,
    "answers in less than a millisecond",
  );
}
