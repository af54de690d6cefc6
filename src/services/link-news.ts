/** Reads what the kernel says of links: events as they come, and a list of all of them whenever one was asked for. */
import { decodeAll } from "../base/codec.ts";
import { WireError } from "../base/errors.ts";
import { link } from "../wire/netlink/link.ts";
import { FAMILY, NLM_F, RTM } from "../wire/netlink/numbers.ts";
import { type DataMessage, netlinkDatagram, type NetlinkMessage } from "../wire/netlink/message.ts";
import { Counters } from "./counters.ts";
import type { LinkNews } from "./links.ts";

export interface LinkListener {
  linkNews(news: LinkNews): void;
  linkGone(index: number): void;
  linksListed(indexes: ReadonlySet<number>): void;
}

/**
 * All messages of a list carry one sequence number. A list of something else may come over the same socket: its end says nothing of
 * links, of which there is always one.
 */
export class LinkNewsReader {
  readonly ignored = new Counters();
  #sequence = 0;
  #listed = new Set<number>();
  #torn = false;

  /** A new list was asked for: one that is under way tells no longer what is gone. */
  restart(): void {
    this.#torn = this.#listed.size > 0;
  }

  read(datagram: Uint8Array, listener: LinkListener): void {
    try {
      for (const message of decodeAll(netlinkDatagram, datagram)) this.#take(message, listener);
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      this.ignored.add(error.code);
      this.#torn = true;
    }
  }

  #take(message: NetlinkMessage, listener: LinkListener): void {
    if (message.kind === "data") return this.#tell(message, listener);
    if (message.sequence !== this.#sequence) return;
    this.#torn ||= (message.flags & NLM_F.dumpInterrupted) !== 0;
    if (message.kind === "done" && !this.#torn && this.#listed.size > 0) listener.linksListed(this.#listed);
    if (message.kind === "done" || message.kind === "error") this.#begin(0);
  }

  #begin(sequence: number): void {
    this.#sequence = sequence;
    this.#listed = new Set();
    this.#torn = false;
  }

  #tell(message: DataMessage, listener: LinkListener): void {
    if (message.type !== RTM.newLink && message.type !== RTM.delLink) return;
    const { index, family, name, mac, mtu, up, running, lowerUp } = decodeAll(link, message.body);
    if (message.type === RTM.delLink) {
      if (family === FAMILY.any) listener.linkGone(index); // a bridge says it of a port that merely left
      return;
    }
    if ((message.flags & NLM_F.multi) !== 0) {
      if (message.sequence !== this.#sequence) this.#begin(message.sequence);
      this.#listed.add(index);
      this.#torn ||= (message.flags & NLM_F.dumpInterrupted) !== 0; // it changed while it was made, and is asked for again
    }
    const news = { ...(name === undefined ? {} : { name }), ...(mac === undefined ? {} : { mac }), ...(mtu === undefined ? {} : { mtuBytes: mtu }) };
    listener.linkNews(family === FAMILY.any ? { index, ...news, running: up && running && lowerUp } : { index, ...news });
  }
}
