/** The entry of one interface while its blocks are read: those of one name are one entry, and each value remembers where it stands. */
import { LIMITS } from "../../base/limits.ts";
import type { Place } from "../toml.ts";
import { Misread } from "./characters.ts";
import type { Said } from "./statement.ts";

/** How long lists may become, and what is told of the first item beyond. */
const MOST: Readonly<Record<string, { readonly most: number; readonly message: string; readonly hint: string }>> = {
  ignore_servers: {
    most: LIMITS.nativeIgnoredServers,
    message: `more than ${LIMITS.nativeIgnoredServers} servers are ignored`,
    hint: "allow names those that are not, which may be fewer",
  },
  delegate: {
    most: LIMITS.delegations,
    message: `too many delegations: more than ${LIMITS.delegations} of one uplink`,
    hint: "one delegation may be for many interfaces: for { lan0 lan1 }",
  },
};

export class Entry {
  readonly #words: ReadonlyMap<string, string>;
  readonly value: Record<string, unknown> = {};
  /** Keys, and keys with the number or name of a member, by where they were said. */
  readonly places: [readonly (string | number)[], Place][] = [];
  readonly #said = new Set<string>();
  readonly #lists = new Map<string, unknown[]>();
  readonly #tables = new Map<string, object>();

  constructor(words: ReadonlyMap<string, string>) {
    this.#words = words;
  }

  /** @returns its number in a list. @throws Misread where it was said before and can be said once */
  say(said: Said, place: Place): number {
    const { how, key, member, value } = said;
    let index = 0;
    if (how === "once") this.#sayOnce(said, place);
    else if (how === "flag") {
      this.value[key] = value;
      this.places.push([[key], place]);
    } else index = this.#add(key, value, place);
    if (member !== undefined) this.places.push([[key, member], place]);
    return index;
  }

  #sayOnce({ key, member, value }: Said, place: Place): void {
    const name = member === undefined ? key : `${key} ${member}`;
    if (this.#said.has(name)) {
      const words = this.#words.get(key) ?? key;
      throw new Misread(place, `${words}${member === undefined ? "" : ` ${member}`} was set already`, "take one of the two away");
    }
    this.#said.add(name);
    if (member === undefined) this.value[key] = value;
    else Object.assign(this.#memberOf(key), { [member]: value });
    this.places.push([[key], place]);
  }

  #add(key: string, value: unknown, place: Place): number {
    const list = this.#lists.get(key) ?? [];
    this.#lists.set(key, list);
    this.value[key] = list;
    const limit = MOST[key];
    if (limit !== undefined && list.length >= limit.most) throw new Misread(place, limit.message, limit.hint);
    this.places.push([[key, list.length], place]);
    return list.push(value) - 1;
  }

  #memberOf(key: string): object {
    const table = this.#tables.get(key) ?? {};
    this.#tables.set(key, table);
    this.value[key] = table;
    return table;
  }
}
