/** What `show` tells of the DHCPv6 server: plain data; sentences are made of it where people read. */
import type { Counters } from "../../counters.ts";
import type { Ledger } from "./ledger.ts";
import type { ReconfigureView } from "./reconfigure-shown.ts";
import type { ServedLink } from "./served-link.ts";

export type Dhcp6LinkView = {
  readonly link: string;
  readonly number: number;
  readonly relayed: boolean;
  readonly addresses: number;
  readonly prefixes: number;
  readonly declined: number;
  /** Prefixes of the interface from which nothing is given because there are too many. */
  readonly prefixesPassedOver: number;
};
export type Dhcp6ServerView = {
  readonly links: readonly Dhcp6LinkView[];
  readonly received: number;
  readonly sent: Readonly<Record<string, number>>;
  /** Statuses that were said, of associations and of whole answers (RFC 9915 §21.13). */
  readonly told: Readonly<Record<string, number>>;
  /** Datagrams without an answer, by reason. */
  readonly refused: Readonly<Record<string, number>>;
  /** Leases that were not given, by the limit that was reached. */
  readonly limited: Readonly<Record<string, number>>;
  readonly reconfigure: ReconfigureView;
};

export type ViewFacts = {
  readonly links: readonly ServedLink[];
  readonly ledger: Ledger;
  readonly received: number;
  readonly sent: Counters;
  readonly told: Counters;
  readonly refused: Counters;
  readonly limited: Counters;
  readonly reconfigure: ReconfigureView;
};

export function viewOf({ links, ledger, received, sent, told, refused, limited, reconfigure }: ViewFacts): Dhcp6ServerView {
  return {
    links: links.map(({ identity: { name, number, relayed }, passedOver }) => ({
      link: name,
      number,
      relayed,
      ...ledger.holdings(number),
      prefixesPassedOver: passedOver,
    })),
    received,
    sent: sent.toJSON(),
    told: told.toJSON(),
    refused: refused.toJSON(),
    limited: limited.toJSON(),
    reconfigure,
  };
}
