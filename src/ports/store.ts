/** Where a client keeps the lease it holds, one record for each interface. */
export interface LeaseRecords {
  /** Durable before anything later is written; replaces the record of that name. */
  save(name: string, record: Uint8Array): void;
  remove(name: string): void;
}

/** Makes one group of lease changes durable at a time; the next one gathers meanwhile (design: persist, then promise). */
export interface Committer {
  readonly busy: boolean;
  /**
   * Writes `bytes` at the end of the journal. They must not change until `done`, which is called exactly once, never from
   * within this call. A disk that fails is fatal: `done` is then not called, and the process ends.
   */
  commit(bytes: Uint8Array, done: () => void): void;
}
