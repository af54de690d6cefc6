/** How much one source may be answered over UDP: its address may be forged, and the answer then hits somebody else. */
import { DIRECTORY_LIMITS } from "../../base/limits-directory.ts";
import type { Instant } from "../../base/time.ts";

const WINDOW_MS = 1000;

/** Counts bytes by source and second; loopback never comes here. */
export class Allowance {
  readonly #sent = new Map<string, number>();
  #window = -1;

  /** @returns false when the answer must not be sent */
  take(source: string, bytes: number, now: Instant): boolean {
    const window = Math.floor(now / WINDOW_MS);
    if (window !== this.#window) this.#sent.clear();
    this.#window = window;
    const before = this.#sent.get(source);
    if (before === undefined && this.#sent.size >= DIRECTORY_LIMITS.datagramSources) return false;
    if ((before ?? 0) + bytes > DIRECTORY_LIMITS.datagramBytesPerSecond) return false;
    this.#sent.set(source, (before ?? 0) + bytes);
    return true;
  }
}
