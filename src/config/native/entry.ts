/** The entry of one interface while its blocks are read: those of one name are one entry, and each value remembers where it stands. */
import { LIMITS } from "../../base/limits.ts";
import type { Place } from "../toml.ts";
import { Misread } from "./characters.ts";
import { NATIVE_WORDS, type Said } from "./statements.ts";

export class Entry {
  readonly value: Record<string, unknown> = {};
  /** Keys, and keys with the number or name of a member, by where they were said. */
  readonly places: [readonly (string | number)[], Place][] = [];
  readonly #said = new Set<string>();
  readonly #lists = new Map<string, unknown[]>();
  readonly #tables = new Map<string, object>();

  /** @throws Misread where it was said before and can be said once */
  say(said: Said, place: Place): void {
    const { how, key, member, value } = said;
    if (how === "once") this.#sayOnce(said, place);
    else if (how === "flag") {
      this.value[key] = value;
      this.places.push([[key], place]);
    } else this.#add(key, value, place);
    if (member !== undefined) this.places.push([[key, member], place]);
  }

  #sayOnce({ key, member, value }: Said, place: Place): void {
    const name = member === undefined ? key : `${key} ${member}`;
    if (this.#said.has(name)) {
      const words = NATIVE_WORDS.get(key) ?? key;
      throw new Misread(place, `${words}${member === undefined ? "" : ` ${member}`} was set already`, "take one of the two away");
    }
    this.#said.add(name);
    if (member === undefined) this.value[key] = value;
    else Object.assign(this.#memberOf(key), { [member]: value });
    this.places.push([[key], place]);
  }

  #add(key: string, value: unknown, place: Place): void {
    const list = this.#lists.get(key) ?? [];
    this.#lists.set(key, list);
    this.value[key] = list;
    if (key === "ignore_servers" && list.length >= LIMITS.nativeIgnoredServers)
      throw new Misread(place, `more than ${LIMITS.nativeIgnoredServers} servers are ignored`, "allow names those that are not, which may be fewer");
    this.places.push([[key, list.length], place]);
    list.push(value);
  }

  #memberOf(key: string): object {
    const table = this.#tables.get(key) ?? {};
    this.#tables.set(key, table);
    this.value[key] = table;
    return table;
  }
}
