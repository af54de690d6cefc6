/** What long-lived keys are asked. The keys themselves are never shown, recorded or sent anywhere. */

/** A hash of 64 bits in two unsigned halves. */
export interface KeyedHash {
  /** Of the last hash. */
  readonly high: number;
  readonly low: number;
  /** Hashes `length` bytes from `at` on. @returns `low` */
  hash(bytes: Uint8Array, at: number, length: number): number;
}
