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
