/** Accepted connections that another role opened: they arrive as descriptors, with what is known of the peer. */
export type HandedStream = {
  /** Main's number for the connection; a write is asked for under it. */
  readonly number: number;
  readonly descriptor: number;
  /** From SO_PEERCRED, noted by main itself. */
  readonly uid: number;
};

export interface StreamSource {
  /** The receiver owns the descriptor from here on and closes it. */
  onStream(take: (stream: HandedStream) => void): void;
}

/** What an outlet answers on; `rpcbind` is the one main connects itself. */
export const STREAM_PURPOSES = ["yp", "portmapper", "userdb", "rpcbind"] as const;
/** Programs that are also asked by datagram. */
export const RPC_PURPOSES = ["yp", "portmapper"] as const;
export type RpcPurpose = (typeof RPC_PURPOSES)[number];
export type StreamPurpose = (typeof STREAM_PURPOSES)[number];
