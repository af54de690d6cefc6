/** The census loaded into slapd, served by the program, and beside it what a script in another language says must be told. */
import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { CENSUS_SCHEMA, CENSUS_SOURCES, type CensusSize, type CensusSource, censusLdif } from "./directory-census.ts";
import { type Leasehold, startLeasehold } from "./leasehold.ts";
import { READER } from "./ldif.ts";
import { withNamespaces } from "./namespace.ts";
import { bindToServer } from "./nis.ts";
import { NIS_DOMAIN, PrivateRoot } from "./private-root.ts";
import { run, sound, waitFor } from "./programs.ts";
import { withScratch, writeIn } from "./scratch.ts";
import { type Slapd, startSlapd } from "./slapd.ts";

const SCRIPT = join(dirname(fileURLToPath(import.meta.url)), "directory-census.py");
const PATIENCE_MS = 60_000;
/** What no directory may give beside the names of the host's own files, unless somebody says otherwise. */
const DENIED = ["adm", "admin", "disk", "docker", "kmem", "libvirt", "lxd", "shadow", "sudo", "wheel"];
/** Of the private root. */
const LOCAL = { localUsers: ["root", "_rpc", "nobody", ...DENIED], localGroups: ["root", "nogroup", ...DENIED] } as const;
const MASTER = "nistest";
const EVERY_MAP = [
  "passwd.byname",
  "passwd.byuid",
  "group.byname",
  "group.bygid",
  "netid.byname",
  "master.passwd.byname",
  "master.passwd.byuid",
  "shadow.byname",
  "ypservers",
] as const;

/** What the script says beside lines: how many, and who is left out and why. */
export type Account = {
  readonly users: number;
  readonly groups: number;
  readonly namesTaken: number;
  readonly idsShared: number;
  readonly sources: readonly {
    readonly name: string;
    readonly counts: Readonly<Record<string, number>>;
    readonly entries: Readonly<Record<string, readonly string[]>>;
  }[];
};
export type Census = {
  readonly slapd: Slapd;
  readonly root: PrivateRoot;
  readonly ours: Leasehold;
  readonly folder: string;
  readonly ldif: string;
  readonly account: Account;
};
export const CENSUS_MAPS: readonly string[] = EVERY_MAP;
/** Given to root alone. */
export const SECRET_MAPS: readonly string[] = ["master.passwd.byname", "master.passwd.byuid", "shadow.byname"];

/** @param refresh how changes come to be known */
export async function inCensus(size: CensusSize, story: (census: Census) => Promise<void>, refresh: "check" | "sync" = "check"): Promise<void> {
  await withScratch((folder) =>
    withNamespaces(["machine"], async ({ machine }) => {
      const slapd = await startSlapd(machine, { users: 0, groups: 0, ldif: censusLdif(size), schema: CENSUS_SCHEMA, sync: refresh === "sync" });
      try {
        const root = new PrivateRoot(machine, folder);
        bindToServer(root, "127.0.0.1");
        const secret = writeIn(folder, "secret", `${READER.password}\n`, 0o600);
        const ours = await startLeasehold(root, folder, toml(secret, refresh));
        await waitFor(
          async (see) => {
            const shown = JSON.stringify((await ours.show())["directory"]);
            see(`${shown}\n${ours.log().slice(-3000)}`);
            return shown.includes('"committedAt"');
          },
          PATIENCE_MS,
          "the directory is served",
        );
        const ldif = join(slapd.folder, "all.ldif");
        await story({ slapd, root, ours, folder, ldif, account: await expectedOf(folder, ldif) });
      } finally {
        slapd.remove();
      }
    }),
  );
}

/** Files under `FOLDER/NAME`, one for each thing that a client prints. */
export async function expectedOf(
  folder: string,
  ldif: string,
  name = "expected",
  sources: readonly CensusSource[] = CENSUS_SOURCES,
): Promise<Account> {
  const config = writeIn(folder, `${name}.json`, JSON.stringify({ domain: NIS_DOMAIN, master: MASTER, keepsHashes: true, ...LOCAL, sources }));
  mkdirSync(join(folder, name));
  sound(await run("python3", [SCRIPT, ldif, config, join(folder, name)]));
  return JSON.parse(readFileSync(join(folder, name, "account.json"), "utf8")) as Account;
}

/** What a program of the private root prints, as bytes in a file: no text in between. @returns its path */
export async function printed({ root, folder }: Census, name: string, command: readonly string[], who: "root" | "nobody" = "root"): Promise<string> {
  const file = join(folder, "told", name);
  mkdirSync(dirname(file), { recursive: true });
  const script = ["sh", "-c", 'out=$1; shift; exec "$@" >"$out"', "sh", file, ...(who === "nobody" ? AS_NOBODY : []), ...command] as const;
  const { code, stderr } = await root.run(...script);
  assert.deepEqual([code, stderr], [0, ""], command.slice(0, 6).join(" "));
  return file;
}

const AS_NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];

/** Byte for byte; the first line that is another one is told. */
export function assertSame(toldFile: string, expectedFile: string): void {
  const difference = differenceBetween(toldFile, expectedFile);
  assert.equal(difference, undefined, difference);
}

/** @returns undefined for none */
export function differenceBetween(toldFile: string, expectedFile: string): string | undefined {
  const [told, expected] = [readFileSync(toldFile), readFileSync(expectedFile)];
  assert.ok(expected.length > 0, `${expectedFile} says nothing`);
  if (told.equals(expected)) return undefined;
  const [is, should] = [told.toString("latin1").split("\n"), expected.toString("latin1").split("\n")];
  const at = is.findIndex((line, i) => line !== should[i]);
  const shown = (line: string | undefined): string => JSON.stringify(line?.slice(0, 300));
  return `${toldFile}: ${is.length} lines, expected ${should.length}; line ${at + 1} is\n${shown(is[at])}, expected\n${shown(should[at])}`;
}

export function linesIn(file: string): readonly string[] {
  return readFileSync(file, "utf8").split("\n").slice(0, -1);
}

function toml(secret: string, refresh: string): string {
  const table = (fields: Readonly<Record<string, string>>): string =>
    Object.entries(fields)
      .map(([name, source]) => `${name} = "${source}"`)
      .join("\n");
  const sources = CENSUS_SOURCES.map(
    ({ name, base, users, groups, nested = false }) => `
[directory.source.${name}]
server = "127.0.0.1"
transport = "plain"
bind_dn = "${READER.dn}"
bind_password_file = "${secret}"
base = "${base}"
user_filter = "(objectClass=${users.class})"
group_filter = "(objectClass=${groups.class})"
nested = ${nested}
refresh = "${refresh}"
[directory.source.${name}.user_fields]
${table(users.fields)}
[directory.source.${name}.group_fields]
${table(groups.fields)}
`,
  );
  return `[directory]
domain = "${NIS_DOMAIN}"
interval_seconds = 3600
yp_maps = [${EVERY_MAP.map((map) => `"${map}"`).join(", ")}]
${sources.join("")}`;
}
