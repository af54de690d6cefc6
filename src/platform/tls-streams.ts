/**
 * Connections outwards on node:net and node:tls. Names are asked for with c-ares from given servers only: the C library's way would
 * ask NSS, and so ourselves (a directory service that waits for its own answer hangs). No file is read.
 */
import { connect as connectTcp, isIP, type Socket } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";
import type { StreamFailure, StreamHandlers, StreamTarget, TlsStream, TlsStreams } from "../ports/tls-streams.ts";
import { firstConnected, type Race } from "./connect-race.ts";
import { addressesOf } from "./name-lookup.ts";

/** How long the last bytes may take before the connection is dropped. */
const CLOSE_PATIENCE_MS = 1000;

export const outwardStreams: TlsStreams = {
  connect: (target, handlers) => new OutwardStream(target, handlers),
};

class OutwardStream implements TlsStream {
  readonly #target: StreamTarget;
  readonly #handlers: StreamHandlers;
  /** Of whichever stream is spoken on: the clear one, then the one over it. */
  readonly #listeners = {
    data: (chunk: Uint8Array): void => {
      if (!this.#over) this.#handlers.received(chunk);
    },
    error: (error: Error): void => this.#fail(this.#blame(), error),
    end: (): void => this.#closed(),
    close: (): void => this.#closed(),
  };
  #race: Race | undefined;
  #socket: Socket | undefined;
  #secure: TLSSocket | undefined;
  #secured = false;
  #paused = false;
  #over = false;

  constructor(target: StreamTarget, handlers: StreamHandlers) {
    this.#target = target;
    this.#handlers = handlers;
    addressesOf(target).then(
      (addresses) => this.#connect(addresses),
      (error: unknown) => this.#fail("resolve", error),
    );
  }

  send(bytes: Uint8Array): void {
    (this.#secure ?? this.#socket)?.write(bytes);
  }

  startTls(): void {
    const socket = this.#socket;
    if (socket === undefined || this.#over) return;
    for (const [event, listener] of Object.entries(this.#listeners)) socket.off(event, listener);
    socket.on("error", () => undefined); // told by the stream over it
    const { host, trustedPem, clientPem } = this.#target;
    try {
      this.#secure = connectTls({
        socket,
        host,
        minVersion: "TLSv1.2",
        rejectUnauthorized: true,
        ...(isIP(host) === 0 ? { servername: host } : {}),
        ...(trustedPem === "" ? {} : { ca: trustedPem }),
        ...(clientPem === undefined ? {} : { cert: clientPem.certificate, key: clientPem.key }),
      });
    } catch (error) {
      setImmediate(() => this.#fail("certificate", error)); // never from within a call
      return;
    }
    const secure = this.#secure;
    secure.once("secureConnect", () => {
      this.#secured = true;
      if (!this.#over) this.#handlers.secured();
    });
    this.#watch(secure);
  }

  pause(): void {
    this.#paused = true;
    (this.#secure ?? this.#socket)?.pause();
  }

  resume(): void {
    this.#paused = false;
    (this.#secure ?? this.#socket)?.resume();
  }

  close(): void {
    if (this.#over) return;
    this.#over = true;
    this.#race?.cancel();
    const stream = this.#secure ?? this.#socket;
    if (stream === undefined) return;
    if (this.#secure !== undefined && !this.#secured) stream.destroy();
    stream.destroySoon();
    setTimeout(() => stream.destroy(), CLOSE_PATIENCE_MS).unref();
  }

  #connect(addresses: readonly string[]): void {
    if (this.#over) return;
    this.#handlers.resolved?.(addresses);
    this.#race = firstConnected(addresses, this.#target.port, connectTcp, {
      won: (socket) => {
        this.#socket = socket;
        this.#watch(socket);
        this.#handlers.connected();
      },
      lost: (error) => this.#fail("connect", error),
    });
  }

  #watch(stream: Socket): void {
    for (const [event, listener] of Object.entries(this.#listeners)) stream.on(event, listener);
    if (this.#paused) stream.pause();
  }

  /** Node judges the certificate itself and says so on the socket; everything else is the handshake's or the network's. */
  #blame(): StreamFailure {
    if (this.#secure === undefined || this.#secured) return "broken";
    return this.#secure.authorizationError ? "certificate" : "tls";
  }

  #closed(): void {
    if (this.#over) return;
    if (this.#secure !== undefined && !this.#secured) return this.#fail("tls", new Error("the server closed during the handshake"));
    this.close();
    this.#handlers.closed();
  }

  #fail(reason: StreamFailure, error: unknown): void {
    if (this.#over) return;
    this.close();
    this.#handlers.failed(reason, wordsOf(error));
  }
}

/** OpenSSL's errors have a short reason beside a message full of addresses and lines of its source. */
function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return "reason" in error && typeof error.reason === "string" ? error.reason : error.message;
}
