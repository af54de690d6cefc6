/** A directory that is served on one machine: slapd, our program, and a private root for those who ask. */
import { fieldsOf } from "./capture.ts";
import { type Leasehold, startLeasehold } from "./leasehold.ts";
import { READER, SUFFIX } from "./ldif.ts";
import { type Namespace, waitFor, withNamespaces } from "./namespace.ts";
import { NIS_DOMAIN, PrivateRoot } from "./private-root.ts";
import { withScratch, writeIn } from "./scratch.ts";
import { type Slapd, type SlapdOptions, startSlapd } from "./slapd.ts";

const PATIENCE_MS = 60_000;

export type DirectoryWorld = {
  readonly machine: Namespace;
  readonly slapd: Slapd;
  readonly root: PrivateRoot;
  readonly folder: string;
  readonly ours: Leasehold;
};
type Around = {
  /** Further lines of `[directory]`. */
  readonly directory?: string;
  /** Further lines of `[directory.source.main]`. */
  readonly source?: string;
  /** Before our program starts. */
  readonly before?: (root: PrivateRoot) => Promise<unknown>;
};

export async function inDirectoryWorld(options: SlapdOptions, around: Around, story: (world: DirectoryWorld) => Promise<void>): Promise<void> {
  await withScratch((folder) =>
    withNamespaces(["machine"], async ({ machine }) => {
      const slapd = await startSlapd(machine, options);
      try {
        const root = new PrivateRoot(machine, folder);
        await around.before?.(root);
        const ours = await startLeasehold(root, folder, toml(writeIn(folder, "secret", `${READER.password}\n`, 0o600), around));
        await committed(ours);
        await story({ machine, slapd, root, folder, ours });
      } finally {
        slapd.remove();
      }
    }),
  );
}

function toml(secret: string, { directory = "", source = "" }: Around): string {
  return `[directory]
domain = "${NIS_DOMAIN}"
interval_seconds = 3600
${directory}
[directory.source.main]
server = "127.0.0.1"
transport = "plain"
bind_dn = "${READER.dn}"
bind_password_file = "${secret}"
base = "${SUFFIX}"
${source}
[directory.source.main.user_fields]
gecos = "cn"
`;
}

async function committed(ours: Leasehold): Promise<void> {
  await waitFor(
    async (see) => {
      const shown = JSON.stringify((await ours.show())["directory"]);
      see(`${shown}\n${ours.log().slice(-3000)}`);
      return shown.includes('"committedAt"');
    },
    PATIENCE_MS,
    "the directory is served",
  );
}

export type Delays = { readonly answers: number; readonly slowestMs: number };

/**
 * How long small questions over UDP wait at most while something large is asked: somebody asks for one user after the other, and on the
 * loopback stands when each question passed and when its answer did. What keeps our event loops from turning is in it.
 */
export async function delaysDuring({ machine, root, ours }: DirectoryWorld, names: readonly string[], work: () => Promise<unknown>): Promise<Delays> {
  const matched = async (): Promise<number> =>
    ((await ours.show())["directory"] as { readonly requests: Readonly<Record<string, number>> }).requests["yp-udp-match"] ?? 0;
  const before = await matched();
  const capture = await machine.capture("lo", "udp");
  const asker = root.peer("sh", "-c", 'while :; do ypmatch "$@" passwd.byname; done >/dev/null', "sh", ...names);
  try {
    await waitFor(async () => (await matched()) > before + names.length, PATIENCE_MS, "somebody asks");
    await work();
  } finally {
    asker.kill();
    await asker.exited;
  }
  await capture.stop();
  const times = pairs(
    await fieldsOf(capture.file, "rpc.program == 100004", ["rpc.xid", "udp.srcport", "udp.dstport", "rpc.msgtyp", "frame.time_epoch"]),
  );
  return { answers: times.length, slowestMs: Math.max(...times) };
}

/** Questions and answers belong together by number and port: two programs may number theirs alike. @returns milliseconds between them */
function pairs(rows: readonly (readonly string[])[]): readonly number[] {
  const asked = new Map<string, number>();
  return rows.flatMap(([xid, from, to, type, seconds]) => {
    const port = type === "0" ? from : to;
    const key = `${xid} ${port}`;
    if (type === "0") asked.set(key, asked.get(key) ?? Number(seconds));
    const since = asked.get(key);
    if (type === "0" || since === undefined) return [];
    asked.delete(key);
    return [(Number(seconds) - since) * 1000];
  });
}

/** A role's process. */
export async function roleOf(ours: Leasehold, name: string): Promise<number> {
  return (await ours.show()).main.roles.find((role) => role.name === name)?.pid ?? -1;
}
