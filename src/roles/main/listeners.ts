/** Listening sockets of outlets: main accepts, notes who it is, and hands the connection on unread. */
import { chmodSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { Writer } from "../../base/cursor.ts";
import { KernelError } from "../../base/errors.ts";
import { type Ipv6Address, UNSPECIFIED_V6 } from "../../base/ipv6.ts";
import { LIMITS } from "../../base/limits.ts";
import { openServiceSocket, readInet6Address, SOCKADDR_BYTES } from "../../platform/inet6-sockets.ts";
import { AF, check, checkPoll, ERRNO, native, type PollHandle, SOCK } from "../../platform/native.ts";
import type { StreamPurpose } from "../../ports/streams.ts";
import { Counters } from "../../services/counters.ts";

const BACKLOG = 64;
const SHUT_BOTH = 2;
/** sun_path, with its NUL. */
const UNIX_PATH_BYTES = 108;
const ENAMETOOLONG = 36;

export type Accepted = {
  readonly number: number;
  readonly purpose: StreamPurpose;
  readonly peer: Ipv6Address;
  readonly port: number;
  readonly uid: number;
  readonly descriptor: number;
};
/** One that is listened on, for `end`. */
export type Listener = { readonly fd: number; readonly poll: PollHandle; readonly path: string | undefined };

export class Listeners {
  readonly refused = new Counters();
  readonly #onConnection: (accepted: Accepted) => void;
  readonly #listeners = new Set<Listener>();
  readonly #open = new Map<number, StreamPurpose>();
  #next = 1;

  constructor(onConnection: (accepted: Accepted) => void) {
    this.#onConnection = onConnection;
  }

  /** @throws KernelError when the address is taken or not ours */
  tcp(purpose: StreamPurpose, address: Ipv6Address, port: number): Listener {
    return this.#listen(purpose, openServiceSocket("tcp", address, port), undefined);
  }

  /** Everyone on this machine may connect. It takes its name when it can be connected to. @throws when kernel or file system refuse */
  unix(purpose: StreamPurpose, path: string): Listener {
    mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
    const fresh = `${path}.new`;
    rmSync(fresh, { force: true });
    const fd = check(native().socket(AF.unix, SOCK.stream, 0), "socket");
    try {
      check(native().bind(fd, unixAddress(fresh)), "bind");
      check(native().listen(fd, BACKLOG), "listen");
      chmodSync(fresh, 0o666);
      renameSync(fresh, path);
    } catch (error) {
      native().close(fd);
      throw error;
    }
    return this.#listen(purpose, fd, path);
  }

  /** A number under which a connection of our own making is known to the engine. @returns undefined when there are too many */
  note(purpose: StreamPurpose): number | undefined {
    const open = [...this.#open.values()].filter((one) => one === purpose).length;
    if (open >= LIMITS.outletConnections) return undefined;
    const number = this.#next++ >>> 0;
    this.#open.set(number, purpose);
    return number;
  }

  /** @returns false when no connection has that number */
  closed(number: number): boolean {
    return this.#open.delete(number);
  }

  /** The role that held them is gone, and the connections with it. */
  allClosed(): void {
    this.#open.clear();
  }

  close(): void {
    for (const listener of [...this.#listeners]) this.end(listener);
  }

  /** Connections that were accepted stay. */
  end(listener: Listener): void {
    if (!this.#listeners.delete(listener)) return;
    const { fd, poll, path } = listener;
    native().shutdown(fd, SHUT_BOTH); // now, or the duplicate that is watched would keep the port for a moment
    native().pollClose(poll);
    native().close(fd);
    if (path !== undefined) rmSync(path, { force: true });
  }

  #listen(purpose: StreamPurpose, fd: number, path: string | undefined): Listener {
    const poll = checkPoll(native().pollNew(fd, () => this.#acceptAll(purpose, fd)));
    const listener = { fd, poll, path };
    this.#listeners.add(listener);
    return listener;
  }

  #acceptAll(purpose: StreamPurpose, fd: number): void {
    for (let i = 0; i < BACKLOG; i++) {
      const descriptor = native().accept(fd);
      if (descriptor < 0) return;
      const number = this.note(purpose);
      if (number === undefined) {
        this.refused.add(`${purpose}.too-many-connections`);
        native().close(descriptor);
      } else this.#onConnection({ number, purpose, descriptor, ...whoIs(descriptor) });
    }
  }
}

/** @returns a descriptor, or -errno; connecting to a socket of this machine does not wait */
export function connectUnix(path: string): number {
  const fd = native().socket(AF.unix, SOCK.stream, 0);
  if (fd < 0) return fd;
  const result = native().connect(fd, unixAddress(path));
  if (result >= 0 || result === -ERRNO.EINPROGRESS) return fd;
  native().close(fd);
  return result;
}

function whoIs(descriptor: number): { readonly peer: Ipv6Address; readonly port: number; readonly uid: number } {
  const credentials = new Int32Array(3);
  const known = native().peerCredentials(descriptor, credentials) >= 0;
  const uid = known ? (credentials[1] ?? 0) >>> 0 : NOBODY;
  const name = new Uint8Array(SOCKADDR_BYTES);
  const named = native().getPeerName(descriptor, name) === SOCKADDR_BYTES;
  const { address, port } = named ? readInet6Address(name) : { address: UNSPECIFIED_V6, port: 0 };
  return { peer: address, port, uid };
}
const NOBODY = 0xffff_fffe;

/** struct sockaddr_un */
export function unixAddress(path: string): Uint8Array {
  const writer = new Writer(UNIX_PATH_BYTES + 2);
  writer.hostU16(AF.unix);
  writer.text(path);
  writer.u8(0);
  if (writer.length > UNIX_PATH_BYTES + 2) throw new KernelError("bind", ENAMETOOLONG, `${path}: at most ${UNIX_PATH_BYTES - 1} bytes`);
  return writer.take();
}
