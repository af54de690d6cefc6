/** One search of a directory by our own client over real sockets. */
import { Conversation } from "../../src/services/directory/fetch/conversation.ts";
import { outwardStreams } from "../../src/platform/tls-streams.ts";
import type { Outcome, SessionConfig, SessionSearch } from "../../src/machines/ldap-session/state.ts";
import { after } from "../../src/base/time.ts";
import { realClock } from "./real-clock.ts";

const SESSION = {
  transport: "plain",
  bindDn: "",
  external: undefined,
  pageSize: 100,
  pagingRequired: false,
  referrals: "ignore",
  knownMark: undefined,
  sync: false,
} as const;

/** The names of the entries that were found, in the order in which they came. */
export function namesFound(address: string, search: Omit<SessionSearch, "name">): Promise<readonly string[]> {
  const names: string[] = [];
  const session: SessionConfig = { ...SESSION, searches: [{ name: "users", ...search }], endsAt: after(realClock.now(), 60) };
  return new Promise((resolve, reject) => {
    const ended = (outcome: Outcome): void =>
      outcome.ok ? resolve(names) : reject(new Error(`${outcome.failure.reason}: ${outcome.failure.detail}`));
    new Conversation({
      clock: realClock,
      streams: outwardStreams,
      target: { host: address, address, port: 389, trustedPem: "", resolvers: [] },
      session,
      bindPassword: "",
      entry: (_, entry) => names.push(entry.name),
      reference: () => undefined,
      finished: ended,
    });
  });
}
