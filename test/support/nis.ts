/** Sun's and NIS's own programs from Debian in a private root: rpcbind, ypserv, and a host bound to a server without ypbind. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { NIS_DOMAIN, type PrivateRoot } from "./private-root.ts";
import { type Running, sound, waitFor } from "./programs.ts";
import { unpacked } from "./unpacked.ts";

/** Answers on port 111 of the namespace and on /run/rpcbind.sock of the root. */
export async function startRpcbind(root: PrivateRoot): Promise<Running> {
  const rpcbind = root.peer(unpacked("usr/sbin/rpcbind"), "-f");
  await waitFor(
    async (see) => {
      const { code, stdout, stderr } = await root.run("rpcinfo", "-p", "127.0.0.1");
      see(stdout + stderr + rpcbind.stderr);
      return code === 0;
    },
    5000,
    "rpcbind answers",
  );
  return rpcbind;
}

/** What ypbind would write: programs ask this server; zero as the port lets them ask its portmapper. */
export function bindToServer(root: PrivateRoot, address: string, port = 0): void {
  const bytes = Buffer.alloc(14); // its two bytes of ypbind's port, then ypbind_resp: bound, address, port
  bytes.writeUInt32LE(1, 2);
  Buffer.from(address.split(".").map(Number)).copy(bytes, 6);
  bytes.writeUInt16BE(port, 10);
  mkdirSync(join(root.folder, "var/yp/binding"), { recursive: true });
  for (const version of [1, 2]) writeFileSync(join(root.folder, `var/yp/binding/${NIS_DOMAIN}.${version}`), bytes);
}

/** Debian's ypserv over maps made here, registered with a running rpcbind. @param maps name of the map -> lines `key value` */
export async function startYpserv(root: PrivateRoot, maps: Readonly<Record<string, string>>): Promise<Running> {
  mkdirSync(join(root.folder, "var/yp", NIS_DOMAIN), { recursive: true });
  for (const [name, lines] of Object.entries(maps)) {
    root.write(`var/tmp/${name}`, lines);
    sound(await root.run("makedbm", `/var/tmp/${name}`, `/var/yp/${NIS_DOMAIN}/${name}`));
  }
  const ypserv = root.peer(unpacked("usr/sbin/ypserv"), "-f");
  await waitFor(
    async (see) => {
      const { stdout } = await root.run("rpcinfo", "-p", "127.0.0.1");
      see(stdout + ypserv.stderr);
      return /^ *100004 /m.test(stdout);
    },
    5000,
    "ypserv is registered",
  );
  return ypserv;
}
