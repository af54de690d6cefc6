/** Where a client keeps the lease it holds, one record for each interface. */
export interface LeaseRecords {
  /** Durable before anything later is written; replaces the record of that name. */
  save(name: string, record: Uint8Array): void;
  remove(name: string): void;
}
