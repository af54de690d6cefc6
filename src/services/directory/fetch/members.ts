/** Members of groups: names as they stand, or users' distinguished names, which become the names of those users. */
import { dnKey, parseDn } from "../../../wire/ldap/dn.ts";
import type { FieldSource } from "../config.ts";

/** Attributes whose values are distinguished names (RFC 4519 §2.17, §2.40). */
const NAMED_BY_DN: readonly string[] = ["member", "uniquemember"];
/** What may follow a distinguished name in `uniqueMember` (RFC 4517 §3.3.21): it tells apart people who had the name before. */
const UNIQUE_IDENTIFIER = /#'[01]*'B$/;

export class MemberNames {
  readonly #byDn: Map<string, string> | undefined;

  constructor(source: FieldSource) {
    this.#byDn = source.kind !== "fixed" && NAMED_BY_DN.includes(source.value.toLowerCase()) ? new Map() : undefined;
  }

  /** A user of this update; all of them come before the groups. */
  learn(dn: string, name: string): void {
    const key = this.#byDn === undefined ? undefined : keyOf(dn);
    if (key !== undefined) this.#byDn?.set(key, name);
  }

  /** @returns undefined when it is nobody we know */
  nameOf(member: string): string | undefined {
    if (this.#byDn === undefined) return member;
    const key = memberKey(member);
    return key === undefined ? undefined : this.#byDn.get(key);
  }

  /** The name of the user with this key. */
  named(key: string): string | undefined {
    return this.#byDn?.get(key);
  }

  /** Values are longer than names may be. */
  get areDns(): boolean {
    return this.#byDn !== undefined;
  }
}

/** The form in which equal names are equal text; undefined for what is no distinguished name. */
export function memberKey(member: string): string | undefined {
  return keyOf(member.replace(UNIQUE_IDENTIFIER, ""));
}

export function keyOf(dn: string): string | undefined {
  const parsed = parseDn(dn);
  return parsed === undefined ? undefined : dnKey(parsed);
}
