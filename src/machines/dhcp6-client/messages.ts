/** What a DHCPv6 client sends in each phase (RFC 9915 §18.2, appendix B and C). */
import { fromHex } from "../../base/hex.ts";
import { ipv6Prefix, type Ipv6Prefix, splitIpv6Prefix } from "../../base/ipv6.ts";
import { type IaNa, type IaPd, iaAddress, iaNa, iaPd, iaPrefix } from "../../wire/dhcp6/leases.ts";
import { type Dhcp6ClientMessage, dhcp6 } from "../../wire/dhcp6/message.ts";
import { type Dhcp6OptionName, type Dhcp6Options, requestCodes } from "../../wire/dhcp6/options.ts";
import { type Association, type ClientConfig, isSameIa, type Wish } from "./config.ts";
import type { Lease, Offer } from "./state.ts";

/** 82 and 83 are asked for by whoever asks for anything (RFC 9915 §21.7). */
const REQUESTED: readonly Dhcp6OptionName[] = [
  "solMaxRtSeconds",
  "infMaxRtSeconds",
  "dnsServers",
  "domainSearch",
  "ntpServers",
  "aftrName",
  "captivePortal",
  "encryptedResolvers",
];
/** The order in which our options stand in a message. */
export const OPTION_ORDER: readonly Dhcp6OptionName[] = [
  "clientId",
  "serverId",
  "iaNa",
  "iaPd",
  "requestedOptions",
  "elapsedHundredths",
  "rapidCommit",
  "reconfigureAccept",
];

/** What a message of one exchange needs to know. */
export type Speech = { readonly config: ClientConfig; readonly transactionId: number; readonly elapsedHundredths: number };
type Known = readonly (Association & { readonly prefixes: readonly Ipv6Prefix[] })[];

/** What we held is a hint (RFC 9915 §18.2.1). */
export function solicit(speech: Speech, held: Lease | undefined): Dhcp6ClientMessage {
  const commit = speech.config.rapidCommit ? { rapidCommit: true as const } : {};
  return asking(speech, "solicit", { ...associations(speech.config, prefixesHeld(held)), ...commit });
}

/** Asks for what the server offered; where it offered nothing, for what we hold or wish. */
export function request(speech: Speech, offer: Offer, held: Lease | undefined): Dhcp6ClientMessage {
  return asking(speech, "request", { serverId: offer.serverId, ...associations(speech.config, [...offer.granted, ...prefixesHeld(held)]) });
}

/** Wishes that were not granted go with it (RFC 9915 §18.2.4). */
export function renew(speech: Speech, held: Lease): Dhcp6ClientMessage {
  return asking(speech, "renew", { serverId: held.serverId, ...associations(speech.config, prefixesHeld(held)) });
}

/** To any server: the one we know is not named (RFC 9915 §18.2.5). */
export function rebind(speech: Speech, held: Lease): Dhcp6ClientMessage {
  return asking(speech, "rebind", associations(speech.config, prefixesHeld(held)));
}

/** Whether addresses still belong to the link; of prefixes a server cannot tell so, and a Rebind asks (RFC 9915 §18.2.3, §18.2.12). */
export function confirm(speech: Speech, held: Lease): Dhcp6ClientMessage {
  const addresses = held.delegations.map(({ iaid, prefixes }) => iaNa({ iaid, iaAddress: addressesOf(prefixes.map(({ prefix }) => prefix)) }));
  return outgoing(speech, "confirm", { iaNa: addresses });
}

export function inform(speech: Speech): Dhcp6ClientMessage {
  return asking(speech, "informationRequest", {}, ["informationRefreshSeconds"]);
}

/** What is given back, or cannot be used because somebody else has it (RFC 9915 §18.2.7, §18.2.8). */
export function giveBack(speech: Speech, kind: "release" | "decline", given: Lease): Dhcp6ClientMessage {
  return outgoing(speech, kind, { serverId: given.serverId, ...iasOf(prefixesHeld(given)) });
}

function prefixesHeld(held: Lease | undefined): Known {
  return (held?.delegations ?? []).map(({ kind, iaid, prefixes }) => ({ kind, iaid, prefixes: prefixes.map(({ prefix }) => prefix) }));
}

/** T1, T2 and lifetimes are 0: the server decides (RFC 9915 §21.21, §21.22). */
function associations({ wishes }: ClientConfig, known: Known): Pick<Dhcp6Options, "iaNa" | "iaPd"> {
  return iasOf(wishes.map((wish) => ({ ...wish, prefixes: known.find((one) => isSameIa(one, wish))?.prefixes ?? welcome(wish) })));
}

/** An address that nobody has named is left out: an IA_NA without one asks for any (RFC 9915 §18.2.1). */
function welcome({ kind, hint, prefixLength }: Wish): readonly Ipv6Prefix[] {
  return kind === "na" ? [] : [ipv6Prefix(hint, prefixLength)];
}

function iasOf(ias: Known): Pick<Dhcp6Options, "iaNa" | "iaPd"> {
  const [addresses, prefixes]: [IaNa[], IaPd[]] = [[], []];
  for (const { kind, iaid, prefixes: leased } of ias) {
    if (kind === "pd") prefixes.push(iaPd({ iaid, iaPrefix: leased.map((prefix) => iaPrefix(prefix)) }));
    else addresses.push(leased.length === 0 ? iaNa({ iaid }) : iaNa({ iaid, iaAddress: addressesOf(leased) }));
  }
  return { ...(addresses.length === 0 ? {} : { iaNa: addresses }), ...(prefixes.length === 0 ? {} : { iaPd: prefixes }) };
}

function addressesOf(prefixes: readonly Ipv6Prefix[]): ReturnType<typeof iaAddress>[] {
  return prefixes.map((prefix) => iaAddress(splitIpv6Prefix(prefix).address));
}

/** A message that asks for options too. */
function asking(speech: Speech, kind: Dhcp6ClientMessage["kind"], options: Dhcp6Options, more: readonly Dhcp6OptionName[] = []): Dhcp6ClientMessage {
  const { config } = speech;
  const accepting = config.acceptReconfigure ? { reconfigureAccept: true as const } : {};
  const message = outgoing(speech, kind, { requestedOptions: requested(config, options, more), ...accepting, ...options });
  const made = config.sendOptions.map(({ code, hex }) => ({ code, bytes: fromHex(hex) ?? new Uint8Array(0) }));
  return { ...message, unknown: made };
}

function requested(config: ClientConfig, { iaPd: asked }: Dhcp6Options, more: readonly Dhcp6OptionName[]): readonly number[] {
  const names: readonly Dhcp6OptionName[] = [
    ...REQUESTED,
    ...more,
    ...(asked === undefined ? [] : (["pdExclude"] as const)),
    ...(config.registerAddresses ? (["addressRegistration"] as const) : []),
  ];
  return [...new Set([...requestCodes(names), ...config.requestOptions])].filter((code) => !config.omitOptions.includes(code));
}

function outgoing(speech: Speech, kind: Dhcp6ClientMessage["kind"], options: Dhcp6Options): Dhcp6ClientMessage {
  const { config, transactionId, elapsedHundredths } = speech;
  return dhcp6({ kind, transactionId, options: { clientId: config.duid, elapsedHundredths, ...options } });
}
