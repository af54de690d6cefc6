/** Ceilings of lifetimes that classes have in place of the link's: of several that a client is in, those of the first. */
import type { ClientClass, PromisedLifetimes } from "../dhcp6-config.ts";

export class ClassLifetimes {
  #said: readonly { readonly index: number; readonly lifetimes: PromisedLifetimes }[] = [];

  configure(classes: readonly ClientClass[]): void {
    this.#said = classes.flatMap(({ lifetimes }, index) => (lifetimes === undefined ? [] : [{ index, lifetimes }]));
  }

  /** @param members 1 for each class the client is in */
  of(members: Uint8Array): PromisedLifetimes | undefined {
    for (const { index, lifetimes } of this.#said) if (members[index] === 1) return lifetimes;
    return undefined;
  }
}
