/** What a lease may be, and why one is not taken in. */

/** What a row is. `bound`: promised to the client. `released`: free, but kept for it. `declined`: used by somebody unknown. `reserved`: the operator's. */
export const STATE = { free: 0, bound: 1, released: 2, declined: 3, reserved: 4 } as const;
export type LeaseState = (typeof STATE)[keyof typeof STATE];
export const NEVER = 0xffffffff;

/** Why a lease was not taken in. */
export type LeaseRefusal =
  | "leases-full" // the table holds as many as it may
  | "client-full" // this client key has as many rows as it may
  | "address-taken" // another row has this address and prefix length
  | "bad-identifier"; // longer than RFC 9915 §11.1 allows
