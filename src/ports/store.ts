/** Where a client keeps the lease it holds, one record for each interface. */
export interface LeaseRecords {
  /** Durable before anything later is written; replaces the record of that name. */
  save(name: string, record: Uint8Array): void;
  remove(name: string): void;
}

/** A table as it is written down whole while it lives on. */
export interface SnapshotSource {
  /** Puts the next whole pages into `out`, at least one if there is room for it; returns their bytes, 0 behind the end. */
  fill(out: Uint8Array): number;
}

/** Whose journal it is, as its files see it. */
export interface Journalled {
  /** Bytes a snapshot would have. */
  readonly liveBytes: number;
  /** Begins a snapshot: every change that is not yet in a group will be in a later one. */
  snapshot(): SnapshotSource;
  /** Calls back when all changes made until now are durable; maybe at once. */
  settled(done: () => void): void;
}

/**
 * "full": nothing new can be promised, and what is durable can be repeated. "stuck": something that was promised waits for room, so that
 * nobody knows which leases of the table are durable.
 */
export type DiskState = "open" | "full" | "stuck";

/** The disk behind promises, as who makes them sees it. */
export interface LeaseDisk {
  /** Whether all changes of one batch would be taken now. */
  readonly takesMore: boolean;
  /** Asked before each batch, and some times a second. */
  look(): DiskState;
  /** Calls back when all that was handed over until now is durable; maybe at once. */
  settled(done: () => void): void;
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

/** When a group is closed: what comes while it waits goes with it. */
export interface Pace {
  /** Calls `close` once, now or on a later turn. @param bytes what has gathered so far */
  wait(bytes: () => number, close: () => void): void;
  /** A group is durable. */
  written(): void;
}
