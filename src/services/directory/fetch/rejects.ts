/** Entries that were dropped: counted by reason, the first few of each shown, so that an operator can find the rest. */
import { LIMITS } from "../../../base/limits.ts";
import { DIRECTORY_LIMITS } from "../../../base/limits-directory.ts";
import { escapeText } from "../../../base/text.ts";
import type { SearchName } from "../../../machines/ldap-session/state.ts";
import type { Log } from "../../../ports/log.ts";
import { Counters } from "../../counters.ts";
import type { KeyFault } from "../ssh-keys.ts";
import type { Rejected } from "./mapping.ts";

/** `samples`: a few of them by name, fit for a terminal. */
export type RejectCount = { readonly reason: string; readonly count: number; readonly samples: readonly string[] };

const DN_CHARS = 200;

export class Rejects {
  readonly #counts = new Counters();
  readonly #log: Log;
  readonly #source: string;
  readonly #samples = new Map<string, readonly string[]>();

  constructor(log: Log, source: string) {
    this.#log = log;
    this.#source = source;
  }

  add(search: SearchName, dn: string, { reason, field }: Rejected): void {
    this.#add("entryRejected", `${search}/${reason}(${field})`, dn);
  }

  /** One of a user's keys, without whom the user is served. */
  key(dn: string, fault: KeyFault): void {
    this.#add("keyRejected", `users/${fault}(sshKeys)`, dn);
  }

  #add(event: string, name: string, dn: string): void {
    this.#counts.add(name);
    const samples = this.#samples.get(name) ?? [];
    if (samples.length < DIRECTORY_LIMITS.rejectNames)
      this.#samples.set(name, [...samples, escapeText(dn).slice(0, DIRECTORY_LIMITS.rejectNameBytes)]);
    if (this.#counts.get(name) > LIMITS.rejectSamples) return;
    this.#log.write("warn", event, { source: this.#source, reason: name, entry: escapeText(dn.slice(0, DN_CHARS)) });
  }

  /** Members of a group that are nobody. */
  unknownMembers(count: number): void {
    if (count > 0) this.#counts.add("groups/unknown-member", count);
  }

  /** A part of the tree that is on another server. */
  reference(search: SearchName): void {
    this.#counts.add(`${search}/reference`);
  }

  /** In the order of their names. */
  table(): readonly RejectCount[] {
    return Object.entries(this.#counts.toJSON()).map(([reason, count]) => ({ reason, count, samples: this.#samples.get(reason) ?? [] }));
  }
}
