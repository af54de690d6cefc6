/** What a server tells beside leases: kept as octets, so that what is not understood here can be handed on all the same. */
import { Writer } from "../../base/cursor.ts";
import { toHex } from "../../base/hex.ts";
import { type Ipv6Address, mayAnswerV6 } from "../../base/ipv6.ts";
import { LIMITS } from "../../base/limits.ts";
import type { Duid } from "../../base/duid.ts";
import type { Dhcp6ClientMessage } from "../../wire/dhcp6/message.ts";
import { type AnyEntry, type Dhcp6OptionName, optionOfCode, optionsAt } from "../../wire/dhcp6/options.ts";
import type { Told } from "./state.ts";

/** Options of the conversation itself, and those that have a field of their own. */
const APART: readonly Dhcp6OptionName[] = [
  "clientId",
  "serverId",
  "iaNa",
  "iaTa",
  "iaAddress",
  "iaPd",
  "requestedOptions",
  "preference",
  "elapsedHundredths",
  "authentication",
  "unicast",
  "status",
  "rapidCommit",
  "reconfigureMessage",
  "reconfigureAccept",
  "dnsServers",
  "domainSearch",
  "solMaxRtSeconds",
  "infMaxRtSeconds",
  "informationRefreshSeconds",
];
const KEPT: readonly AnyEntry[] = optionsAt("message").filter(({ key, secret }) => !secret && !APART.includes(key));

type Fact = Told["options"][number];

/** In the order of codes; unknown ones last. What was malformed is left out. */
export function factsIn({ options, unknown, malformed }: Dhcp6ClientMessage): readonly Fact[] {
  const values = options as Readonly<Record<string, unknown>>;
  const known = KEPT.flatMap((entry): readonly Fact[] => {
    const value = values[entry.key];
    if (value === undefined) return [];
    return (entry.repeats ? (value as readonly unknown[]) : [value]).map((one) => ({ code: entry.code, hex: encoded(entry, one) }));
  });
  const strange = unknown
    .filter(({ code }) => optionOfCode(code) === undefined && !malformed.some((one) => one.code === code))
    .map(({ code, bytes }) => ({ code, hex: toHex(bytes) }));
  return bounded([...known, ...strange]);
}

/** What an answer to an Information-request tells. */
export function toldIn(message: Dhcp6ClientMessage, serverId: Duid): Told {
  return { serverId, nameServers: resolversIn(message) ?? [], searchDomains: message.options.domainSearch ?? [], options: factsIn(message) };
}

/** Those that can be asked: one that is no host does not cost the others. @returns undefined where the server speaks of none */
export function resolversIn({ options }: Dhcp6ClientMessage): readonly Ipv6Address[] | undefined {
  return options.dnsServers?.filter(mayAnswerV6);
}

/** They go into files and frames of a fixed size; what does not fit is left out. */
function bounded(facts: readonly Fact[]): readonly Fact[] {
  let octets = 0;
  return facts.slice(0, LIMITS.toldOptions).filter(({ hex }) => {
    octets += hex.length / 2;
    return octets <= LIMITS.toldOctets;
  });
}

function encoded({ codec }: AnyEntry, value: unknown): string {
  const writer = new Writer(64);
  (codec as { readonly encode: (writer: Writer, value: unknown) => void }).encode(writer, value);
  return toHex(writer.take());
}
