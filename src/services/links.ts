/** What the kernel says of links, merged: a message that tells part of a link never erases the rest. */
import type { MacAddress } from "../base/mac.ts";

/** A link as services need to know it. */
export type LinkFact = {
  readonly index: number;
  readonly name: string;
  /** undefined for links without an Ethernet address, such as tunnels. */
  readonly mac: MacAddress | undefined;
  /** undefined until it is told. */
  readonly mtuBytes: number | undefined;
  /** Administratively up, and the carrier is there. */
  readonly running: boolean;
};
/** What one message of the kernel may leave out. */
export type LinkNews = { readonly index: number } & { readonly [K in "name" | "mac" | "mtuBytes" | "running"]?: LinkFact[K] };

export class LinkTable {
  readonly #links = new Map<number, LinkFact>();

  all(): readonly LinkFact[] {
    return [...this.#links.values()];
  }

  /** @returns the link as it is now known, or undefined while its name has not been told */
  merge(news: LinkNews): LinkFact | undefined {
    const before = this.#links.get(news.index);
    const name = news.name ?? before?.name;
    if (name === undefined) return undefined;
    const mtuBytes = news.mtuBytes ?? before?.mtuBytes;
    const fact = { index: news.index, name, mac: news.mac ?? before?.mac, mtuBytes, running: news.running ?? before?.running ?? false };
    this.#links.set(news.index, fact);
    return fact;
  }

  /** @returns the link that is gone, if it was known */
  remove(index: number): LinkFact | undefined {
    const gone = this.#links.get(index);
    this.#links.delete(index);
    return gone;
  }

  /** A fresh list came whole: what is not in it is gone. @returns the links that went */
  keepOnly(indexes: ReadonlySet<number>): readonly LinkFact[] {
    const gone = this.all().filter(({ index }) => !indexes.has(index));
    for (const { index } of gone) this.#links.delete(index);
    return gone;
  }
}
