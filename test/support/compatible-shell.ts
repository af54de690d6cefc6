/** A shell in which the commands that are named as programs on OpenBSD run: /etc, /run and /var/lib are a scratch folder. */
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const BIN = join(dirname(fileURLToPath(import.meta.url)), "../../bin");
const COPIED = ["/etc/passwd", "/etc/group", "/etc/ld.so.cache"];
const FOLDERS = ["etc", "run", "lib"];
/** Programs of the path by their bare names; `waited` is true when something becomes true within fifteen seconds. */
const PRELUDE = `
for name in etc run lib; do [ -d "$SCRATCH/$name" ] || exit 99; done
mount --bind "$SCRATCH/etc" /etc && mount --bind "$SCRATCH/run" /run && mount --bind "$SCRATCH/lib" /var/lib || exit 99
waited() { for i in $(seq 150); do if eval "$1"; then return 0; fi; sleep 0.1; done; echo "in vain: $1"; return 1; }
served() { leasehold show --json --runtime-dir /run/$NAME 2>&1 | grep -o '"interface":"[a-z0-9]*"' | sort -u; }
`;
const LINKS = "ip link add eth7 type veth peer name eth8 && ip link set eth7 up && ip link set eth8 up || exit 99";

export type Ran = { readonly status: number | null; readonly stdout: string; readonly stderr: string };
export type Script = {
  readonly name: string;
  readonly script: string;
  /** What /etc/NAME.conf holds; undefined: it is not there. */
  readonly configuration: string | undefined;
  /** A namespace with links in it, by its path; without it there is one of its own, with eth7 and eth8 joined. */
  readonly network?: string;
};

/** Whatever it starts ends with it. */
export function compatibleShell({ name, script, configuration, network }: Script): Ran {
  const scratch = mkdtempSync(join(tmpdir(), `leasehold-${name}-`));
  try {
    for (const folder of FOLDERS) mkdirSync(join(scratch, folder));
    for (const path of COPIED.filter((one) => existsSync(one))) copyFileSync(path, join(scratch, path));
    if (configuration !== undefined) writeFileSync(join(scratch, `etc/${name}.conf`), configuration, { mode: name === "ypldap" ? 0o600 : 0o644 });
    const env = { PATH: `${BIN}:${dirname(process.execPath)}:${process.env["PATH"] ?? ""}`, SCRATCH: scratch, NAME: name };
    const isolated = ["unshare", "-m", "-p", "-f", "--mount-proc"];
    const [command = "", ...words] = network === undefined ? [...isolated, "-n"] : ["nsenter", `--net=${network}`, ...isolated];
    const whole = `${PRELUDE}\n${network === undefined ? LINKS : ""}\n${script}`;
    return spawnSync(command, [...words, "sh", "-c", whole], { encoding: "utf8", env, timeout: 90_000 });
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
