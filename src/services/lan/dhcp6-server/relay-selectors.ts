/** Links that are told by what their relays say of themselves: interface-id, remote-id, relay-id, octet for octet and never read (RFC 7969 §3). */
import type { RelaySelector } from "../dhcp6-config.ts";
import { u16At } from "./octets.ts";
import { OctetMap } from "./octet-map.ts";
import type { RelayChain } from "./relay-chain.ts";
import type { ServedLink } from "./served-link.ts";

export class RelaySelectors {
  #links: readonly ServedLink[] = [];
  #byCode: readonly { readonly code: number; readonly values: OctetMap }[] = [];

  configure(links: readonly { readonly link: ServedLink; readonly selectors: readonly RelaySelector[] }[]): void {
    this.#links = links.map(({ link }) => link);
    const codes = [...new Set(links.flatMap(({ selectors }) => selectors.map(({ code }) => code)))].sort((a, b) => a - b);
    this.#byCode = codes.map((code) => {
      const values = new OctetMap();
      for (const [i, { selectors }] of links.entries()) for (const one of selectors) if (one.code === code) values.add(one.value, i);
      return { code, values };
    });
  }

  /** The innermost relay that says anything known decides. */
  find(chain: RelayChain): ServedLink | undefined {
    if (this.#byCode.length === 0) return undefined;
    for (let level = chain.depth - 1; level >= 0; level--) {
      for (const { code, values } of this.#byCode) {
        const at = chain.optionAt(level, code);
        const found = at === -1 ? -1 : values.find(chain.bytes, at, u16At(chain.bytes, at - 2));
        if (found !== -1) return this.#links[found];
      }
    }
    return undefined;
  }
}
