/** The control socket: main accepts, notes who it is, and hands the connection on unread. 0660 root:leasehold. */
import { chmodSync, chownSync, readFileSync, rmSync } from "node:fs";
import { LIMITS } from "../../base/limits.ts";
import { AF, check, checkPoll, native, type PollHandle, SOCK } from "../../platform/native.ts";
import { Counters } from "../../services/counters.ts";
import { unixAddress } from "./listeners.ts";

const BACKLOG = 128;
const MODE = 0o660;
const GROUP = "leasehold";

export type Accepted = { readonly number: number; readonly uid: number; readonly descriptor: number };

export class ControlSocket {
  readonly path: string;
  readonly refused = new Counters();
  readonly #fd: number;
  readonly #poll: PollHandle;
  readonly #uids = new Map<number, number>();
  #next = 1;

  constructor(path: string, onConnection: (accepted: Accepted) => void) {
    this.path = path;
    rmSync(path, { force: true });
    this.#fd = check(native().socket(AF.unix, SOCK.stream, 0), "socket");
    const before = process.umask(0o777 & ~MODE);
    try {
      check(native().bind(this.#fd, unixAddress(path)), "bind");
    } finally {
      process.umask(before);
    }
    chmodSync(path, MODE);
    chownSync(path, 0, groupId());
    check(native().listen(this.#fd, BACKLOG), "listen");
    this.#poll = checkPoll(native().pollNew(this.#fd, () => this.#acceptAll(onConnection)));
  }

  /** @returns the uid main noted when it accepted the connection, or undefined when it is closed */
  uidOf(connection: number): number | undefined {
    return this.#uids.get(connection);
  }

  closed(connection: number): void {
    this.#uids.delete(connection);
  }

  /** The role that held them is gone, and the connections with it. */
  allClosed(): void {
    this.#uids.clear();
  }

  get open(): number {
    return this.#uids.size;
  }

  close(): void {
    native().pollClose(this.#poll);
    native().close(this.#fd);
    rmSync(this.path, { force: true });
  }

  #acceptAll(onConnection: (accepted: Accepted) => void): void {
    for (let i = 0; i < BACKLOG; i++) {
      const descriptor = native().accept(this.#fd);
      if (descriptor < 0) return;
      this.#accept(descriptor, onConnection);
    }
  }

  #accept(descriptor: number, onConnection: (accepted: Accepted) => void): void {
    const credentials = new Int32Array(3);
    const known = native().peerCredentials(descriptor, credentials) >= 0;
    const reason = !known ? "no-credentials" : this.#uids.size >= LIMITS.controlConnections ? "too-many-connections" : undefined;
    if (reason !== undefined) {
      this.refused.add(reason);
      native().close(descriptor);
      return;
    }
    const number = this.#next++ >>> 0;
    const uid = (credentials[1] ?? 0) >>> 0;
    this.#uids.set(number, uid);
    onConnection({ number, uid, descriptor });
  }
}

function groupId(): number {
  const line = readFileSync("/etc/group", "utf8")
    .split("\n")
    .find((entry) => entry.startsWith(`${GROUP}:`));
  return Number(line?.split(":")[2] ?? 0);
}
