/** Groups whose members are distinguished names, once everything was read: names of users, and with `nested` those of groups in groups. */
import { LIMITS } from "../../../base/limits.ts";
import { DIRECTORY_LIMITS } from "../../../base/limits-directory.ts";

/** A group and who is in it, as it stands in the directory. */
export type RawGroup = { readonly dn: string | undefined; readonly members: readonly string[] };
export type Opened = { readonly members: readonly string[]; readonly unknown: number; readonly tooMany: boolean };

/** Keys are distinguished names in the form in which equal names are equal text. */
export class GroupGraph {
  readonly #members = new Map<string, readonly string[]>();
  #pairs = 0;
  #work = 0;

  /** @returns false when there is no room: what would be opened up is then not the whole */
  add({ dn, members }: RawGroup): boolean {
    this.#pairs += members.length;
    if (this.#pairs > DIRECTORY_LIMITS.nestedPairs) return false;
    if (dn !== undefined) this.#members.set(dn, members);
    return true;
  }

  /**
   * Breadth first, each group once: cycles end by themselves, and what lies deeper than anybody nests is left out and counted.
   * @param nameOf a user's name; undefined for whoever is none
   */
  open(group: RawGroup, nameOf: (key: string) => string | undefined): Opened {
    const names = new Set<string>();
    const seen = new Set<string>(group.dn === undefined ? [] : [group.dn]);
    let unknown = 0;
    let level: readonly string[] = group.members;
    for (let depth = 0; level.length > 0 && depth <= DIRECTORY_LIMITS.nestedDepth; depth++) {
      const deeper: string[] = [];
      for (const key of level) {
        if (++this.#work > DIRECTORY_LIMITS.nestedWork || names.size > LIMITS.directoryMembers) return { members: [], unknown, tooMany: true };
        const name = nameOf(key);
        if (name !== undefined) {
          names.add(name);
          continue;
        }
        const inner = this.#members.get(key);
        if (inner === undefined) unknown++;
        else if (!seen.has(key)) {
          seen.add(key);
          for (const each of inner) deeper.push(each);
        }
      }
      level = deeper;
    }
    return { members: [...names], unknown: unknown + level.length, tooMany: false };
  }
}
