/** dhcp6leased.conf printed back, normalised: every delegation in block form, every target with its length. */
import { type Ipv6Prefix, parseIpv6Prefix, UNSPECIFIED_V6 } from "../../base/ipv6.ts";
import type { ConfigFile } from "../schema.ts";
import { type DelegateFile, RESERVE, STANDARD_DELEGATE, targetsOf, type Uplink6Entry } from "../uplink6.ts";
import { placedIn, requestedLength } from "../uplink6-places.ts";
import { DHCP6LEASED } from "./dhcp6leased.ts";
import { blockOf, hostLines, optionText, quotedName } from "./printed.ts";

/** Where places are shown in: nobody's prefix (RFC 3849). */
const SHOWN = "2001:db8::";
const SHOWN_LENGTH = 32;
const ROUTES = { unreachable: undefined, blackhole: "blackhole", prohibit: "prohibit", none: "no route" } as const;

/** @param places whether comments say what is asked for and what each target gets of it */
export function printDhcp6leased(file: ConfigFile, { places = false }: { readonly places?: boolean } = {}): string {
  const uplinks = Object.entries(file.uplink6 ?? {});
  const everywhere = uplinks.length > 0 && uplinks.every(([, { rapid_commit }]) => rapid_commit);
  return [
    ...hostLines(file),
    ...(everywhere ? ["request rapid commit\n"] : []),
    ...uplinks.flatMap(([name, given]) => {
      const options = optionLines(given, everywhere);
      const quoted = quotedName(name, DHCP6LEASED.keywords);
      const block = options.length > 0 || given.delegate.length === 0 ? [blockOf(`interface ${quoted}`, options)] : [];
      return [...block, ...given.delegate.map((one) => delegation(quoted, one, places))];
    }),
  ].join("");
}

function optionLines(given: Uplink6Entry, everywhere: boolean): readonly string[] {
  const { address } = given;
  const route = ROUTES[given.aggregate_route];
  return [
    ...(address === false ? [] : [address === true ? "request address" : `request address iaid ${address.iaid}`]),
    ...(given.rapid_commit && !everywhere ? ["request rapid commit"] : []),
    ...(given.request_options.length === 0 ? [] : [`request option ${given.request_options.join(" ")}`]),
    ...(given.no_request_options.length === 0 ? [] : [`no request option ${given.no_request_options.join(" ")}`]),
    ...Object.entries(given.send_options).map(([code, value]) => `send option ${code} ${optionText(value)}`),
    ...(route === undefined ? [] : [route]),
    ...(given.start === "advertised" ? ["with ra"] : []),
    ...(given.pace === "rfc" ? ["pace rfc"] : []),
    ...(given.accept_reconfigure ? [] : ["no reconfigure"]),
    ...(given.register_addresses ? ["register addresses"] : []),
    ...(given.release_on_stop ? ["release on stop"] : []),
    ...(given.ignore_dns ? ["ignore dns"] : []),
  ];
}

function delegation(uplink: string, given: DelegateFile, places: boolean): string {
  const targets = targetsOf(given.to);
  const lengths = targets.map(({ prefixLength }) => prefixLength);
  const asked = given.prefix_length ?? requestedLength(lengths);
  const shown = places && asked >= SHOWN_LENGTH ? parseIpv6Prefix(`${SHOWN}/${asked}`) : undefined;
  const placed = shown === undefined ? [] : placedIn(shown, lengths);
  const lines = targets.map(({ interface: name, prefixLength, hostPart = given.host_part }, index) => {
    const target = quotedName(name ?? RESERVE, DHCP6LEASED.keywords, `/${prefixLength}`);
    return `${target}${hostPart === STANDARD_DELEGATE.host_part ? "" : ` host id ${hostPart}`}${shown === undefined ? "" : comment(placed[index])}`;
  });
  const head = `request prefix delegation on ${uplink}${given.iaid === undefined ? "" : ` iaid ${given.iaid}`}${hint(given)} for`;
  return blockOf(head, lines, shown === undefined ? "" : `\t# prefix length ${asked}`);
}

function hint({ hint: address, prefix_length }: DelegateFile): string {
  if (address === undefined && prefix_length === undefined) return "";
  return ` hint ${address ?? UNSPECIFIED_V6}${prefix_length === undefined ? "" : `/${prefix_length}`}`;
}

function comment(subnet: Ipv6Prefix | undefined): string {
  return `\t# ${subnet ?? "no room"}`;
}
