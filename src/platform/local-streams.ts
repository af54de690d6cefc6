/**
 * Connections to an LDAP server's socket on this machine (ldapi). The fence lets the fetcher make none: main connects, to sockets that
 * the configuration names and to no other, as the fetcher's own user, so that the server sees who asks and not root.
 */
import { Socket } from "node:net";
import type { StreamHandlers, StreamTarget, TlsStream, TlsStreams } from "../ports/tls-streams.ts";

/** Asks main. @returns false when nobody can be asked */
type Ask = (request: number, path: string) => boolean;

export class LocalStreams implements TlsStreams {
  readonly #ask: Ask;
  readonly #waiting = new Map<number, LocalStream>();
  #requests = 0;

  constructor(ask: Ask) {
    this.#ask = ask;
  }

  connect({ host }: StreamTarget, handlers: StreamHandlers): TlsStream {
    const request = ++this.#requests;
    const stream = new LocalStream(handlers, () => this.#waiting.delete(request));
    this.#waiting.set(request, stream);
    if (!this.#ask(request, host)) setImmediate(() => this.failed(request, "main cannot be asked"));
    return stream;
  }

  /** @param fd owned from here on, wanted or not */
  handed(request: number, fd: number): void {
    const socket = new Socket({ fd, readable: true, writable: true });
    const stream = this.#waiting.get(request);
    this.#waiting.delete(request);
    if (stream === undefined) socket.destroy();
    else stream.connected(socket);
  }

  failed(request: number, detail: string): void {
    const stream = this.#waiting.get(request);
    this.#waiting.delete(request);
    stream?.failed("connect", detail);
  }
}

class LocalStream implements TlsStream {
  readonly #handlers: StreamHandlers;
  readonly #forget: () => void;
  #socket: Socket | undefined;
  #paused = false;
  #over = false;

  constructor(handlers: StreamHandlers, forget: () => void) {
    this.#handlers = handlers;
    this.#forget = forget;
  }

  connected(socket: Socket): void {
    this.#socket = socket;
    socket.on("error", (error) => this.failed("broken", error.message));
    for (const event of ["end", "close"] as const) socket.on(event, () => this.#closed());
    socket.on("data", (chunk: Uint8Array) => {
      if (!this.#over) this.#handlers.received(chunk);
    });
    if (this.#paused) socket.pause();
    this.#handlers.connected();
  }

  failed(reason: "connect" | "broken", detail: string): void {
    if (this.#over) return;
    this.close();
    this.#handlers.failed(reason, detail);
  }

  send(bytes: Uint8Array): void {
    this.#socket?.write(bytes);
  }

  /** Nothing on this machine is to be hidden from. */
  startTls(): void {
    setImmediate(() => this.#handlers.secured());
  }

  pause(): void {
    this.#paused = true;
    this.#socket?.pause();
  }

  resume(): void {
    this.#paused = false;
    this.#socket?.resume();
  }

  close(): void {
    if (this.#over) return;
    this.#over = true;
    this.#forget();
    this.#socket?.destroySoon();
  }

  #closed(): void {
    if (this.#over) return;
    this.close();
    this.#handlers.closed();
  }
}
