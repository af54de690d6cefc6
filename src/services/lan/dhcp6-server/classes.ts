/** Which classes the sender of a message is in (RFC 9915 §21.16, §21.17 carry what most of them ask for). */
import type { ClientClass } from "../dhcp6-config.ts";

export class ClientClasses {
  #classes: readonly ClientClass[] = [];
  /** 1 for each class, in the order of the configuration, that the last message judged is in. */
  members: Uint8Array = new Uint8Array(0);

  configure(classes: readonly ClientClass[]): void {
    this.#classes = classes;
    this.members = new Uint8Array(classes.length);
  }

  /** The place of a class among `members`; -1: there is none of that name. */
  indexOf(name: string): number {
    return this.#classes.findIndex((one) => one.name === name);
  }
}
