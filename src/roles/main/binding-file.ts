/**
 * The file by which libraries find a domain's YP server without asking ypbind: /var/yp/binding/DOMAIN.2. Its port counts for nobody here:
 * programs ask the portmapper of the address. OpenBSD's ypldap writes the like for `bind local`.
 */
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Writer } from "../../base/cursor.ts";
import { type Ipv4Address, ipv4Number, parseIpv4 } from "../../base/ipv4.ts";
import { replaceFile } from "./state-folder.ts";

const FOLDER = "/var/yp/binding";
const MODE = 0o644;
const BYTES = 14;
/** ypbind_resp of version 2: bound. */
const BOUND = 1;
const ANYWHERE = "0.0.0.0";
const LOOPBACK = "127.0.0.1" as Ipv4Address;

export class BindingFile {
  #ours: { readonly name: string; readonly bytes: Uint8Array } | undefined;

  /** @param listen where YP is served. @throws where the system refuses, or the domain is no name of a file */
  write(domain: string, listen: readonly string[], port: number): void {
    const address = listen.map(parseIpv4).find((one) => one !== undefined);
    if (address === undefined) return this.remove();
    if (/[/\0]/.test(domain)) throw Object.assign(new Error(`"${domain}" is no name of a file`), { syscall: "open", errno: EINVAL });
    const name = `${domain}.2`;
    if (this.#ours !== undefined && this.#ours.name !== name) this.remove();
    const bytes = bindingOf(address === ANYWHERE ? LOOPBACK : address, port);
    mkdirSync(FOLDER, { recursive: true, mode: 0o755 });
    replaceFile(FOLDER, name, bytes, MODE);
    this.#ours = { name, bytes };
  }

  /** What ypbind has written since is ypbind's. */
  remove(): void {
    if (this.#ours === undefined) return;
    const path = join(FOLDER, this.#ours.name);
    const { bytes } = this.#ours;
    this.#ours = undefined;
    if (bytes.every((byte, i) => there(path)[i] === byte)) rmSync(path, { force: true });
  }
}

const EINVAL = 22;

function there(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch {
    return new Uint8Array(0);
  }
}

/** ypbind's own port, which is nobody's; then what it would answer: bound, address, port. In this machine's order but what the net knows. */
function bindingOf(address: Ipv4Address, port: number): Uint8Array {
  const writer = new Writer(BYTES);
  writer.u16(0);
  writer.hostU32(BOUND);
  writer.u32(ipv4Number(address));
  writer.u16(port);
  writer.zeros(2);
  return writer.written();
}
