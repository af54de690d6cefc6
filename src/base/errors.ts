/** Errors sorted by who is to blame. Decoders throw; one ingress per service catches; above it outcomes are values. */

/** Why bytes from a stranger were refused. Every code has a heading in docs/errors.md. */
export const WIRE_CODES = [
  "truncated", // more bytes were promised or needed than are there
  "trailing", // bytes were left over after the value was whole
  "bad-length", // a length field or the size of a value is not one the format allows
  "bad-value", // a field holds a value that the format forbids
  "bad-checksum", // a checksum does not match the bytes
  "bad-pointer", // a compression pointer leads outside or does not lead backwards
  "too-many", // more items than LIMITS allows
  "bad-order", // a role message came when the state of its channel does not allow it
  "unsupported", // well-formed, but of a kind this program does not speak
] as const;
export type WireCode = (typeof WIRE_CODES)[number];

/** The peer's fault: drop, count, go on. `offset` counts bytes from the start of the datagram. */
export class WireError extends Error {
  readonly code: WireCode;
  readonly offset: number;
  constructor(code: WireCode, offset: number) {
    super(`${code} at byte ${offset}`);
    this.name = "WireError";
    this.code = code;
    this.offset = offset;
  }
}

/** The system's fault: retried by policy. `errno` is positive. */
export class KernelError extends Error {
  readonly syscall: string;
  readonly errno: number;
  constructor(syscall: string, errno: number, detail = "") {
    super(`${syscall}: errno ${errno}${detail === "" ? "" : ` (${detail})`}`);
    this.name = "KernelError";
    this.syscall = syscall;
    this.errno = errno;
  }
}

/** Ends a switch over a union: a new arm becomes a compile error here. */
export function absurd(value: never): never {
  throw new Error(`unreachable: ${JSON.stringify(value)}`);
}

/** States a fact about our own code. Never fed with what a peer sent: an assert that fails is our bug and ends the process. */
export function assert(fact: boolean, what: string): asserts fact {
  if (!fact) throw new Error(`assertion failed: ${what}`);
}
