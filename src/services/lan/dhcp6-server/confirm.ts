/** Whether a client that moved still is where its addresses belong (RFC 9915 §18.3.3). No lease is looked up, no lifetime believed. */
import { OPTION } from "./codes.ts";
import type { ClientMessage } from "./message.ts";
import type { ServedLink } from "./served-link.ts";

const ADDRESS = new Uint8Array(16);

/** @returns the status to answer with, or undefined when nothing can be said */
export function confirmed(message: ClientMessage, link: ServedLink, now: number): "success" | "notOnLink" | undefined {
  let named = 0;
  for (let ia = 0; ia < message.ias; ia++) {
    if (message.iaCodes[ia] !== OPTION.iaNa) continue;
    for (let hint = 0; hint < message.hintsKept(ia); hint++) {
      if (message.copyHint(ia, hint, ADDRESS) === -1) continue;
      named++;
      if (!link.isOnLink(ADDRESS, 0, now)) return link.knowsPrefixes(now) ? "notOnLink" : undefined;
    }
  }
  return named > 0 ? "success" : undefined;
}
