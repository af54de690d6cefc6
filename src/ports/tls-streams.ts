/** Connections to servers outside, first in the clear and then, when asked, under TLS with the server's identity proven. */

export type StreamTarget = {
  /** The name that is resolved, and that the certificate must carry. */
  readonly host: string;
  /** Numeric; set where no resolver needs to be asked. */
  readonly address: string | undefined;
  /** 0: no port but a socket of this machine, whose path is the host. */
  readonly port: number;
  /** Certificates of authorities, PEM; empty: those the platform brings. */
  readonly trustedPem: string;
  /** Who we are, for a server that asks. */
  readonly clientPem?: { readonly certificate: string; readonly key: string };
  /** Numeric addresses of those who may be asked for the name. */
  readonly resolvers: readonly string[];
};
/** None is called from within a call of the stream, nor after `close`. */
export type StreamHandlers = {
  /** The addresses of the name, for who wants to know. */
  readonly resolved?: (addresses: readonly string[]) => void;
  readonly connected: () => void;
  /** TLS stands, and the server has proven its name. */
  readonly secured: () => void;
  /** The bytes may be used again after the call. */
  readonly received: (bytes: Uint8Array) => void;
  readonly closed: () => void;
  readonly failed: (reason: StreamFailure, detail: string) => void;
};
/** Whose fault it is: the name's, the network's, the certificate's, the handshake's, the connection's. */
export type StreamFailure = "resolve" | "connect" | "certificate" | "tls" | "broken";

export interface TlsStream {
  send(bytes: Uint8Array): void;
  /** Everything from here on goes under TLS; `secured` says when it stands. */
  startTls(): void;
  /** Stops reading, so that the server waits; what is on its way may still arrive. */
  pause(): void;
  resume(): void;
  /** What was sent is still delivered. */
  close(): void;
}
export interface TlsStreams {
  connect(target: StreamTarget, handlers: StreamHandlers): TlsStream;
}

/** One SRV record (RFC 2782). */
export type ServiceRecord = { readonly priority: number; readonly weight: number; readonly target: string; readonly port: number };
/** Where a service is, as DNS says. */
export interface ServiceNames {
  /** @param answered called once, later: with records, or with why there are none */
  records(service: string, resolvers: readonly string[], answered: (records: readonly ServiceRecord[] | string) => void): void;
}
