/**
 * Which options an answer is written from: those of the link, or, where the client is in classes or reserved, those of the link
 * with what the classes say put over them in the order of the configuration, and what the host says over all (by code: whoever
 * comes later says all of a code). Sets are made once and kept, as many as LIMITS.mergedOptionSets.
 */
import { LIMITS } from "../../../base/limits.ts";
import type { ClientClass, ReservedHost, ServedOptions } from "../dhcp6-config.ts";
import { sameOctets } from "./octets.ts";
import { ReplyOptions } from "./reply-options.ts";

type Merged = {
  readonly below: ReplyOptions;
  readonly members: Uint8Array;
  readonly host: ReservedHost | undefined;
  readonly options: ReplyOptions;
};

export class OptionSets {
  #classes: readonly ClientClass[] = [];
  /** Places of classes that say anything. */
  #telling: readonly number[] = [];
  readonly #kept = new Array<Merged | undefined>(LIMITS.mergedOptionSets).fill(undefined);

  configure(classes: readonly ClientClass[]): void {
    this.#classes = classes;
    this.#telling = classes.flatMap((one, i) => (says(one) ? [i] : []));
    this.#kept.fill(undefined);
  }

  /** @param members 1 for each class the client is in @param host the one it is reserved as */
  of(below: ReplyOptions, members: Uint8Array, host: ReservedHost | undefined): ReplyOptions {
    const own = host !== undefined && says(host) ? host : undefined;
    let place = 0;
    let isPlain = own === undefined;
    for (let i = 0; i < this.#telling.length; i++) {
      if (members[this.#telling[i] ?? 0] !== 1) continue;
      isPlain = false;
      place = Math.imul(place, 31) + i + 1;
    }
    return isPlain ? below : this.#merged(below, members, own, place);
  }

  #merged(below: ReplyOptions, members: Uint8Array, host: ReservedHost | undefined, hashed: number): ReplyOptions {
    const place = (hashed + (host === undefined ? 0 : hashOf(host.name))) & (LIMITS.mergedOptionSets - 1);
    const kept = this.#kept[place];
    const isSame = kept !== undefined && kept.below === below && kept.host === host;
    if (isSame && sameOctets(kept.members, 0, members, 0, members.length)) return kept.options;
    const options = new ReplyOptions({ pools: this.#put(below.served, members, host), ownAddress: undefined });
    this.#kept[place] = { below, members: members.slice(), host, options };
    return options;
  }

  #put(below: ServedOptions, members: Uint8Array, host: ReservedHost | undefined): ServedOptions {
    const classes = this.#classes.filter((_, i) => members[i] === 1);
    return [...classes, ...(host === undefined ? [] : [host])].reduce<ServedOptions>(over, below);
  }
}

/** What one set says over another. */
function over(below: ServedOptions, above: ServedOptions): ServedOptions {
  const said = new Set(above.options.map(({ code }) => code));
  return {
    options: [...above.options, ...below.options.filter(({ code }) => !said.has(code))],
    boot: above.boot.length > 0 ? above.boot : below.boot,
  };
}

function says({ options, boot }: ServedOptions): boolean {
  return options.length > 0 || boot.length > 0;
}

/** Of a name of the operator's: nobody else chooses it. */
function hashOf(name: string): number {
  let hash = 0;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash, 31) + name.charCodeAt(i);
  return hash;
}
