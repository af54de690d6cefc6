/** Peers that scripts/setup-peers.mjs unpacks instead of installing, and how programs find their libraries. */
import { existsSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const UNPACKED = join(dirname(fileURLToPath(import.meta.url)), "../../node_modules/.cache/leasehold-peers");

/** Second argument of `test`: skips with a reason where the peers or the namespaces they run in are not to be had. */
export const needsPeers: { readonly skip?: string } =
  process.getuid?.() !== 0
    ? { skip: "needs root: network namespaces" }
    : existsSync(UNPACKED)
      ? {}
      : { skip: "peers are not there: node scripts/setup-peers.mjs" };

/** The path of an unpacked program, `usr/sbin/dhcpd` for one. */
export function unpacked(file: string): string {
  return join(UNPACKED, file);
}

/** For programs of ours and Debian's that load unpacked libraries, NSS modules included. */
export function unpackedEnvironment(): Readonly<Record<string, string>> {
  const folders = ["usr/bin", "usr/sbin", "usr/lib/yp"].map(unpacked);
  return { PATH: [...folders, process.env["PATH"] ?? ""].join(":"), LD_LIBRARY_PATH: libraryFolders().join(":") };
}

function libraryFolders(): readonly string[] {
  return readdirSync(unpacked("usr/lib"))
    .filter((name) => name.includes("-linux-gnu"))
    .map((name) => unpacked(join("usr/lib", name)));
}
