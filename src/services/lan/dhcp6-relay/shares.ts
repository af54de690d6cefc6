/** What one interface of the relay may send, and of it one client: who sends without end takes nobody else's share. */
import { LIMITS } from "../../../base/limits.ts";
import type { Instant } from "../../../base/time.ts";
import { TokenBucket } from "./token-bucket.ts";

export class Shares {
  readonly #whole: TokenBucket;
  /** Those heard last stand last. */
  readonly #clients = new Map<string, TokenBucket>();

  constructor(now: Instant) {
    this.#whole = new TokenBucket(LIMITS.relayedPerSecond, LIMITS.relayedBurst, now);
  }

  /** @param client undefined for relays and servers, who speak for many */
  take(client: string | undefined, now: Instant): boolean {
    if (client === undefined) return this.#whole.take(now);
    return this.#clientTakes(client, now) && this.#whole.take(now);
  }

  #clientTakes(client: string, now: Instant): boolean {
    const bucket = this.#clients.get(client) ?? new TokenBucket(LIMITS.relayedPerClientPerSecond, LIMITS.relayedPerClientBurst, now);
    this.#clients.delete(client);
    if (this.#clients.size >= LIMITS.relayClients) this.#forgetOldest();
    this.#clients.set(client, bucket);
    return bucket.take(now);
  }

  #forgetOldest(): void {
    for (const oldest of this.#clients.keys()) {
      this.#clients.delete(oldest);
      return;
    }
  }
}
