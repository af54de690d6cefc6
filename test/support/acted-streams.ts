/** The stream port with a test as the server: what we sent is decoded, what the test says arrives in any chunks. */
import type { StreamFailure, StreamHandlers, StreamTarget, TlsStream, TlsStreams } from "../../src/ports/tls-streams.ts";
import { decodeLdap, encodeLdap, type LdapMessage } from "../../src/wire/ldap/message.ts";
import type { Control } from "../../src/wire/ldap/controls.ts";
import type { Operation } from "../../src/wire/ldap/operations.ts";

export class ActedStream implements TlsStream {
  readonly target: StreamTarget;
  readonly handlers: StreamHandlers;
  /** Everything sent, as bytes and as messages. */
  readonly bytes: Uint8Array[] = [];
  readonly sent: LdapMessage[] = [];
  tls = false;
  paused = false;
  closed = false;

  constructor(target: StreamTarget, handlers: StreamHandlers) {
    this.target = target;
    this.handlers = handlers;
  }

  send(bytes: Uint8Array): void {
    this.bytes.push(bytes.slice());
    this.sent.push(decodeLdap(bytes));
  }

  startTls(): void {
    this.tls = true;
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
  }

  close(): void {
    this.closed = true;
  }

  connect(): void {
    this.handlers.connected();
  }

  fail(reason: StreamFailure, detail = ""): void {
    this.handlers.failed(reason, detail);
  }

  /** Answers to the last request. */
  answer(...operations: readonly (Operation | { readonly operation: Operation; readonly controls: readonly Control[] })[]): void {
    const id = this.sent.at(-1)?.id ?? 0;
    const encoded = operations.map((each) => encodeLdap("operation" in each ? { id, ...each } : { id, operation: each, controls: [] }));
    this.handlers.received(Buffer.concat(encoded));
  }

  /** The last request searches here. */
  get base(): string {
    const operation = this.sent.at(-1)?.operation;
    return operation?.kind === "searchRequest" ? operation.base : `a ${operation?.kind ?? "nothing"}`;
  }
}

export class ActedStreams implements TlsStreams {
  readonly made: ActedStream[] = [];

  connect(target: StreamTarget, handlers: StreamHandlers): ActedStream {
    const stream = new ActedStream(target, handlers);
    this.made.push(stream);
    return stream;
  }

  at(index: number): ActedStream {
    const stream = this.made[index];
    if (stream === undefined) throw new Error(`no stream ${index}`);
    return stream;
  }
}
