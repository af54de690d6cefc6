/** Where things stand in a file, by their paths. */
import type { Place } from "../toml.ts";

export class Places {
  readonly #places = new Map<string, Place>();

  /** The first place counts. */
  note(path: readonly (string | number)[], { line, column }: Place): void {
    const key = JSON.stringify(path.map(String));
    if (!this.#places.has(key)) this.#places.set(key, { line, column });
  }

  has(path: readonly (string | number)[]): boolean {
    return this.#places.has(JSON.stringify(path.map(String)));
  }

  /** The place of the nearest thing on a path that the file has. */
  of(path: readonly PropertyKey[]): Place {
    for (let length = path.length; length > 0; length--) {
      const place = this.#places.get(JSON.stringify(path.slice(0, length).map(String)));
      if (place !== undefined) return place;
    }
    return { line: 1, column: 1 };
  }
}
