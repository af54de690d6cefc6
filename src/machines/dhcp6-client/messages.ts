/** What a DHCPv6 client sends in each phase (RFC 9915 §18.2, appendix B and C). */
import { ipv6Prefix, type Ipv6Prefix, UNSPECIFIED_V6 } from "../../base/ipv6.ts";
import { type IaPd, iaPd, iaPrefix } from "../../wire/dhcp6/leases.ts";
import { type Dhcp6ClientMessage, dhcp6 } from "../../wire/dhcp6/message.ts";
import { type Dhcp6OptionName, type Dhcp6Options, requestCodes } from "../../wire/dhcp6/options.ts";
import type { ClientConfig, Lease, Offer, Wish } from "./state.ts";

/** 82 and 83 are asked for by whoever asks for anything (RFC 9915 §21.7). */
const REQUESTED: readonly Dhcp6OptionName[] = ["solMaxRtSeconds", "infMaxRtSeconds", "dnsServers", "domainSearch", "pdExclude"];
/** The order in which our options stand in a message. */
export const OPTION_ORDER: readonly Dhcp6OptionName[] = ["clientId", "serverId", "iaPd", "requestedOptions", "elapsedHundredths", "rapidCommit"];

/** What a message of one exchange needs to know. */
export type Speech = { readonly config: ClientConfig; readonly transactionId: number; readonly elapsedHundredths: number };

/** What we held is a hint (RFC 9915 §18.2.1). */
export function solicit(speech: Speech, held: Lease | undefined): Dhcp6ClientMessage {
  const commit = speech.config.rapidCommit ? { rapidCommit: true as const } : {};
  return outgoing(speech, "solicit", { iaPd: associations(speech.config, prefixesHeld(held)), ...commit });
}

/** Asks for what the server offered; where it offered nothing, for what we hold or wish. */
export function request(speech: Speech, offer: Offer, held: Lease | undefined): Dhcp6ClientMessage {
  const offered = new Map(offer.granted.map(({ iaid, prefixes }) => [iaid, prefixes]));
  const iaPds = associations(speech.config, new Map([...prefixesHeld(held), ...offered]));
  return outgoing(speech, "request", { serverId: offer.serverId, iaPd: iaPds });
}

/** Wishes that were not granted go with it (RFC 9915 §18.2.4). */
export function renew(speech: Speech, held: Lease): Dhcp6ClientMessage {
  return outgoing(speech, "renew", { serverId: held.serverId, iaPd: associations(speech.config, prefixesHeld(held)) });
}

/** To any server: the one we know is not named (RFC 9915 §18.2.5). */
export function rebind(speech: Speech, held: Lease): Dhcp6ClientMessage {
  return outgoing(speech, "rebind", { iaPd: associations(speech.config, prefixesHeld(held)) });
}

function prefixesHeld(held: Lease | undefined): ReadonlyMap<number, readonly Ipv6Prefix[]> {
  return new Map((held?.delegations ?? []).map(({ iaid, prefixes }) => [iaid, prefixes.map(({ prefix }) => prefix)]));
}

/** T1, T2 and lifetimes are 0: the server decides (RFC 9915 §21.21, §21.22). */
function associations({ wishes }: ClientConfig, known: ReadonlyMap<number, readonly Ipv6Prefix[]>): readonly IaPd[] {
  return wishes.map((wish) => iaPd({ iaid: wish.iaid, iaPrefix: (known.get(wish.iaid) ?? [anyOf(wish)]).map((prefix) => iaPrefix(prefix)) }));
}

function anyOf({ prefixLength }: Wish): Ipv6Prefix {
  return ipv6Prefix(UNSPECIFIED_V6, prefixLength);
}

function outgoing(speech: Speech, kind: Dhcp6ClientMessage["kind"], options: Dhcp6Options): Dhcp6ClientMessage {
  const { config, transactionId, elapsedHundredths } = speech;
  return dhcp6({ kind, transactionId, options: { clientId: config.duid, requestedOptions: requestCodes(REQUESTED), elapsedHundredths, ...options } });
}
