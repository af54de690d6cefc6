/** Which server of a source is asked first: in the order that was said, but those that failed a moment ago behind all others. */
import type { Entropy } from "../../../base/entropy.ts";
import { DIRECTORY_LIMITS } from "../../../base/limits-directory.ts";
import { after, type Instant } from "../../../base/time.ts";
import type { Failure } from "../../../machines/ldap-session/state.ts";
import type { ServiceRecord } from "../../../ports/tls-streams.ts";
import { RESULT } from "../../../wire/ldap/result.ts";
import type { ServerConfig } from "../config.ts";

const OUT_OF_FAVOUR_SECONDS = 60;
/** Refusals that say something about this server and nothing about us. */
const ELSEWHERE: readonly number[] = [RESULT.busy, RESULT.unavailable, RESULT.unwillingToPerform];
/** What would be the same everywhere, and what another try would make worse: passwords that are wrong are not tried around. */
const OURS: readonly Failure["reason"][] = ["update-timeout", "bind-refused", "search-refused", "referral", "bad-range"];

export class Servers {
  readonly #failedUntil = new Map<string, Instant>();

  /** All of them, each once. */
  inOrder(servers: readonly ServerConfig[], now: Instant): readonly ServerConfig[] {
    const once = [...new Map(servers.map((each) => [keyOf(each), each])).values()].slice(0, DIRECTORY_LIMITS.ldapServers);
    const until = (each: ServerConfig): number => {
      const failed = this.#failedUntil.get(keyOf(each)) ?? 0;
      return failed > now ? failed : 0;
    };
    return once.toSorted((a, b) => until(a) - until(b));
  }

  failed(server: ServerConfig, now: Instant): void {
    this.#failedUntil.set(keyOf(server), after(now, OUT_OF_FAVOUR_SECONDS));
  }

  worked(server: ServerConfig): void {
    this.#failedUntil.delete(keyOf(server));
  }
}

/** Whether another server of the same directory may do better. */
export function isServersFault({ reason, code }: Failure): boolean {
  return code !== undefined && ELSEWHERE.includes(code) ? true : !OURS.includes(reason);
}

/**
 * In the order in which they are to be tried: priorities rise, and among equals chance chooses by weight (RFC 2782). Who answers for
 * DNS must not choose whom we believe: targets outside the domain, whatever certificate they have, are left out.
 */
export function fromRecords(records: readonly ServiceRecord[], domain: string, entropy: Entropy): readonly ServerConfig[] {
  const sound = records.filter(({ target, port }) => isWithin(target, domain) && port > 0).slice(0, DIRECTORY_LIMITS.ldapServers);
  const left = sound.toSorted((a, b) => a.priority - b.priority || a.weight - b.weight);
  const chosen: ServiceRecord[] = [];
  while (left.length > 0) chosen.push(...left.splice(placeDrawn(left, entropy), 1));
  return chosen.map(({ target, port }) => ({ host: plain(target), address: undefined, port }));
}

/** Among the first ones, which have the same priority, by weight. */
function placeDrawn(left: readonly ServiceRecord[], entropy: Entropy): number {
  const equals = left.filter(({ priority }) => priority === left[0]?.priority);
  const total = equals.reduce((sum, { weight }) => sum + weight, 0);
  const ticket = Math.floor(entropy.between(0, total + 1));
  let sum = 0;
  for (const [place, { weight }] of equals.entries()) {
    sum += weight;
    if (sum >= ticket) return place;
  }
  return 0;
}

function isWithin(target: string, domain: string): boolean {
  const [host, zone] = [plain(target), plain(domain)];
  return host === zone || host.endsWith(`.${zone}`);
}

function plain(name: string): string {
  return name.toLowerCase().replace(/\.$/, "");
}

function keyOf({ host, address, port }: ServerConfig): string {
  return `${host} ${address ?? ""} ${port}`;
}
