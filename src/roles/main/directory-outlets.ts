/**
 * What `directory` listens on: ports of YP and of its own portmapper, the userdb socket; and the binding file. What a new configuration
 * wants too stays open: no question gets lost by a reload, and a port is never waited for that is ours.
 */
import { join } from "node:path";
import { KernelError } from "../../base/errors.ts";
import type { Ipv6Address } from "../../base/ipv6.ts";
import { mappedAddress, openServiceSocket } from "../../platform/inet6-sockets.ts";
import { check, native } from "../../platform/native.ts";
import type { RpcPurpose } from "../../ports/streams.ts";
import type { DirectoryConfig } from "../../services/directory/config.ts";
import { BindingFile } from "./binding-file.ts";
import { systemFailure } from "./failures.ts";
import type { Listeners } from "./listeners.ts";
import type { Tools } from "./office.ts";

/** Clients want a port that only root could take (directory: RFC 1833 has no other proof). */
const RESERVED_PORTS = { first: 600, last: 1023 } as const;
const PORTMAPPER_PORT = 111;
const USERDB_FOLDER = "/run/systemd/userdb";

type Wanted = Pick<DirectoryConfig, "domain" | "yp" | "userdb">;

export class DirectoryOutlets {
  readonly #tools: Pick<Tools, "children" | "log">;
  readonly #listeners: Listeners;
  readonly #binding = new BindingFile();
  /** How each is closed, by what it is. */
  readonly #open = new Map<string, () => void>();
  /** What could not be had when it was tried last: told once. */
  readonly #failed = new Map<string, string>();
  /** Of datagrams, by number: kept here, so that what is asked while there is no engine waits for the next one. */
  readonly #sockets = new Map<number, { readonly purpose: RpcPurpose; readonly fd: number }>();
  #nextSocket = 0;
  #port = 0;

  constructor(tools: Pick<Tools, "children" | "log">, listeners: Listeners) {
    this.#tools = tools;
    this.#listeners = listeners;
  }

  /** Of YP; 0: it is not served. */
  get port(): number {
    return this.#port;
  }

  /** @returns whether all of it is listened on: the rest is served meanwhile */
  listen({ domain, yp, userdb }: Wanted): boolean {
    if (yp === undefined || (yp.port !== 0 && yp.port !== this.#port)) this.#close((what) => what.startsWith("yp "));
    const wanted = new Set([
      ...(yp?.listen ?? []).flatMap((address) => [`yp on ${address}`, ...(yp?.register === "builtin" ? [`portmapper on ${address}`] : [])]),
      ...(userdb === undefined ? [] : [`userdb ${userdb.service}`]),
    ]);
    this.#close((what) => !wanted.has(what));
    if (![...this.#open.keys()].some((what) => what.startsWith("yp "))) this.#port = 0;
    for (const what of this.#failed.keys()) if (!wanted.has(what)) this.#failed.delete(what);
    for (const address of yp?.listen ?? []) if (yp !== undefined) this.#listenYp(address, yp);
    if (userdb !== undefined) this.#have(`userdb ${userdb.service}`, () => this.#listenUnix(join(USERDB_FOLDER, userdb.service)));
    const isBound = yp?.binding === true && this.#port !== 0;
    this.#trying("binding file", () => (isBound ? this.#binding.write(domain, yp.listen, this.#port) : this.#binding.remove()));
    return this.#failed.size === 0;
  }

  /** The engine is another one, and reads from the same sockets. */
  handSockets(): void {
    for (const number of this.#sockets.keys()) this.#handSocket(number);
  }

  close(): void {
    this.#close(() => true);
    this.#port = 0;
    this.#trying("binding file", () => this.#binding.remove());
  }

  #listenYp(text: string, { port, register }: NonNullable<Wanted["yp"]>): void {
    const address = mappedAddress(text);
    if (address === undefined) return;
    const wanted = port === 0 ? this.#port : port;
    const candidates = wanted === 0 ? RESERVED_PORTS : { first: wanted, last: wanted };
    this.#have(`yp on ${text}`, () => {
      const { number, close } = firstFree(candidates, (one) => ({ number: one, close: this.#listenBoth("yp", address, one) }));
      this.#port = number;
      return close;
    });
    if (register === "builtin") this.#have(`portmapper on ${text}`, () => this.#listenBoth("portmapper", address, PORTMAPPER_PORT));
  }

  #listenBoth(purpose: RpcPurpose, address: Ipv6Address, port: number): () => void {
    const fd = openServiceSocket("udp", address, port);
    const number = this.#nextSocket++;
    try {
      const listener = this.#listeners.tcp(purpose, address, port);
      this.#sockets.set(number, { purpose, fd });
      this.#handSocket(number);
      return () => {
        this.#listeners.end(listener);
        this.#sockets.delete(number);
        native().close(fd);
        this.#tools.children.to("engine-directory")?.send("closeCallSocket", { number });
      };
    } catch (error) {
      native().close(fd);
      throw error;
    }
  }

  #handSocket(number: number): void {
    const socket = this.#sockets.get(number);
    const engine = this.#tools.children.to("engine-directory");
    if (socket !== undefined)
      engine?.send("callSocket", { number, purpose: socket.purpose }, { descriptors: [check(native().dup(socket.fd), "dup")] });
  }

  #listenUnix(path: string): () => void {
    const listener = this.#listeners.unix("userdb", path);
    return () => this.#listeners.end(listener);
  }

  #have(what: string, open: () => () => void): void {
    if (this.#open.has(what)) return;
    this.#trying(what, () => this.#open.set(what, open()));
  }

  #close(which: (what: string) => boolean): void {
    for (const [what, close] of this.#open) {
      if (!which(what)) continue;
      this.#open.delete(what);
      close();
    }
  }

  #trying(what: string, act: () => void): void {
    try {
      act();
      this.#failed.delete(what);
    } catch (error) {
      const failure = systemFailure(error);
      if (failure === undefined) throw error;
      if (this.#failed.get(what) !== failure.message) this.#tools.log.write("error", "cannotListen", { what, error: failure.message });
      this.#failed.set(what, failure.message);
    }
  }
}

function firstFree<T>({ first, last }: { readonly first: number; readonly last: number }, open: (port: number) => T): T {
  for (let port = first; port < last; port++) {
    try {
      return open(port);
    } catch (error) {
      if (!(error instanceof KernelError)) throw error;
    }
  }
  return open(last);
}
