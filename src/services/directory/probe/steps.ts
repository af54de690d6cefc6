/** The streams of one source with somebody who looks on: which step a conversation is at, how long each took, what came. */
import { WireError } from "../../../base/errors.ts";
import { escapeText } from "../../../base/text.ts";
import type { Instant } from "../../../base/time.ts";
import type { StreamHandlers, StreamTarget, TlsStream, TlsStreams } from "../../../ports/tls-streams.ts";
import { LdapFrames } from "../../../wire/ldap/frames.ts";
import { decodeLdap } from "../../../wire/ldap/message.ts";
import type { Operation } from "../../../wire/ldap/operations.ts";
import type { ProbeStepName } from "./report.ts";

export type Onlooker = {
  readonly now: () => Instant;
  readonly step: (step: ProbeStepName, ok: boolean, ms: number, detail: string) => void;
};

export class WatchedStreams implements TlsStreams {
  readonly #streams: TlsStreams;
  readonly #onlooker: Onlooker;

  constructor(streams: TlsStreams, onlooker: Onlooker) {
    this.#streams = streams;
    this.#onlooker = onlooker;
  }

  connect(target: StreamTarget, handlers: StreamHandlers): TlsStream {
    return new WatchedStream(this.#streams, this.#onlooker, { target, handlers });
  }
}

class WatchedStream implements TlsStream {
  readonly #onlooker: Onlooker;
  readonly #stream: TlsStream;
  #sent = new LdapFrames();
  #received = new LdapFrames();
  #step: ProbeStepName;
  #began: Instant;
  /** What the last search asked for: another page asks for the same, groups for something else. */
  #wanted: string | undefined;
  #entries = 0;
  /** The step under way has been told of. */
  #isOver = false;

  constructor(streams: TlsStreams, onlooker: Onlooker, { target, handlers }: { readonly target: StreamTarget; readonly handlers: StreamHandlers }) {
    this.#onlooker = onlooker;
    this.#began = onlooker.now();
    this.#step = target.address === undefined ? "resolve" : "connect";
    this.#stream = streams.connect(target, {
      ...handlers,
      resolved: (addresses) => {
        if (this.#step === "resolve") this.#took(`${target.host} is ${addresses.join(", ")}`);
        this.#begin("connect");
        handlers.resolved?.(addresses);
      },
      connected: () => {
        this.#begin("connect");
        this.#took(target.port === 0 ? target.host : `${target.host}, port ${target.port}`);
        handlers.connected();
      },
      secured: () => {
        this.#took("the certificate is of that name");
        handlers.secured();
      },
      received: (bytes) => {
        this.#each(this.#received, bytes, (operation) => this.#answered(operation));
        handlers.received(bytes);
      },
      failed: (reason, detail) => {
        const step = reason === "resolve" ? "resolve" : this.#step;
        this.#onlooker.step(step, false, this.#elapsed(), `${reason}: ${escapeText(detail)}`);
        handlers.failed(reason, detail);
      },
    });
  }

  send(bytes: Uint8Array): void {
    this.#each(this.#sent, bytes, (operation) => this.#asked(operation));
    this.#stream.send(bytes);
  }

  startTls(): void {
    this.#sent = new LdapFrames();
    this.#received = new LdapFrames();
    this.#begin("tls");
    this.#stream.startTls();
  }

  pause(): void {
    this.#stream.pause();
  }

  resume(): void {
    this.#stream.resume();
  }

  close(): void {
    this.#stream.close();
  }

  #asked(operation: Operation): void {
    if (operation.kind === "extendedRequest") this.#begin("starttls");
    else if (operation.kind === "bindRequest") this.#begin("bind");
    if (operation.kind !== "searchRequest") return;
    const wanted = JSON.stringify([operation.base, operation.filter], (_, value: unknown) => (value instanceof Uint8Array ? [...value] : value));
    if (wanted !== this.#wanted) this.#begin(this.#wanted === undefined ? "users" : "groups");
    this.#wanted = wanted;
    this.#entries = 0;
  }

  #answered(operation: Operation): void {
    if (operation.kind === "extendedResponse" || operation.kind === "bindResponse") this.#ended(operation.result, "");
    if (operation.kind === "searchResultEntry") this.#entries++;
    const isFirstPage = operation.kind === "searchResultDone" && !this.#isOver;
    if (isFirstPage) this.#ended(operation.result, `${this.#entries} entries on the first page`);
    if (isFirstPage) this.#isOver = true;
  }

  #ended({ code, diagnostic }: { readonly code: number; readonly diagnostic: string }, detail: string): void {
    const said = diagnostic === "" ? "" : ` (${escapeText(diagnostic)})`;
    if (code === 0) this.#took(detail);
    else this.#onlooker.step(this.#step, false, this.#elapsed(), `the server refused: code ${code}${said}`);
  }

  #begin(step: ProbeStepName): void {
    if (this.#step === step) return;
    this.#step = step;
    this.#began = this.#onlooker.now();
    this.#isOver = false;
  }

  #took(detail: string): void {
    this.#onlooker.step(this.#step, true, this.#elapsed(), detail);
    this.#began = this.#onlooker.now();
  }

  #elapsed(): number {
    return this.#onlooker.now() - this.#began;
  }

  /** What cannot be read is the conversation's business, which reads the same. */
  #each(frames: LdapFrames, bytes: Uint8Array, tell: (operation: Operation) => void): void {
    try {
      frames.push(bytes);
      for (let frame = frames.next(); frame !== undefined; frame = frames.next()) tell(decodeLdap(frame).operation);
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
    }
  }
}
