/** What one source gives in one update: entries become lines in batches, those that cannot are counted. */
import type { SearchName } from "../../../machines/ldap-session/state.ts";
import type { Log } from "../../../ports/log.ts";
import type { SearchResultEntry } from "../../../wire/ldap/operations.ts";
import type { FetcherConfig, SourceConfig } from "../config.ts";
import type { GroupEntry, UserEntry } from "../entries.ts";
import { type Batch, Batches } from "./batches.ts";
import { type GroupWait, Mapping } from "./mapping.ts";
import { Rejects } from "./rejects.ts";

export class Reading {
  readonly mapping: Mapping;
  readonly rejects: Rejects;
  readonly counts = { users: 0, groups: 0 };
  readonly #batches: Batches;
  /** Whether anything has left for the engine: then nobody can begin again in the same update. */
  sent = false;

  constructor(source: SourceConfig, { idFences }: FetcherConfig, { log, send }: { readonly log: Log; readonly send: (batch: Batch) => void }) {
    const wait: GroupWait = source.nested ? "nested" : source.referrals === "follow" ? "named" : "no";
    this.mapping = new Mapping(source.users, source.groups, idFences, wait);
    this.rejects = new Rejects(log, source.name);
    this.#batches = new Batches((batch) => {
      this.sent = true;
      send(batch);
    });
  }

  /** @returns its name as it is served; undefined when it is not, or not yet */
  entry(search: SearchName, entry: SearchResultEntry): string | undefined {
    const mapped = this.mapped(search, entry);
    if (mapped === undefined) return undefined;
    this.counts[search]++;
    if ("uid" in mapped) this.#batches.user(mapped);
    else this.#batches.group(mapped);
    return mapped.name;
  }

  /** Counts what is left out, and sends nothing. */
  mapped(search: SearchName, entry: SearchResultEntry): UserEntry | GroupEntry | undefined {
    const mapped = search === "users" ? this.mapping.user(entry) : this.mapping.group(entry);
    if (mapped === undefined) return undefined;
    if (!mapped.ok) {
      this.rejects.add(search, entry.name, mapped.rejected);
      return undefined;
    }
    if ("uid" in mapped.entry) {
      for (const fault of this.mapping.keyFaults) this.rejects.key(entry.name, fault);
      return mapped.entry;
    }
    const { unknown, ...group } = mapped.entry;
    this.rejects.unknownMembers(unknown);
    return group;
  }

  /** Everything has come. @returns what is wrong with it */
  finish(): string {
    if (this.mapping.overfull) return "too-many-members: of groups in groups";
    for (const { dn, mapped } of this.mapping.rest()) {
      if (!mapped.ok) {
        this.rejects.add("groups", dn, mapped.rejected);
        continue;
      }
      const { unknown, ...group } = mapped.entry;
      this.rejects.unknownMembers(unknown);
      this.counts.groups++;
      this.#batches.group(group);
    }
    this.#batches.flush();
    return "";
  }
}
