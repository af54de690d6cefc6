/** What is wrong between keys of `[uplink6.INTERFACE]` that are each right; and what is right and yet may surprise. */
import { type Ipv6Address, ipv6Prefix, splitIpv6Prefix, UNSPECIFIED_V6 } from "../base/ipv6.ts";
import type { Fault } from "./faults.ts";
import { both } from "./faults.ts";
import { octetsOf } from "./octets.ts";
import { type DelegateFile, firstName, iaidsOf, type Target, targetsOf, type Uplink6Entry, type Uplink6File } from "./uplink6.ts";
import { requestedLength, servedCount } from "./uplink6-places.ts";

const ADDRESS_BITS = 128;
const INTERFACE_ID_BITS = 64;
/** What an operator's options may come to: with 32 delegations and more the rest of a message fills a link of 1,500 octets. */
const SENT_BYTES = 1024;
const OPTION_HEADER_BYTES = 4;

export function uplink6Faults(file: Uplink6File): readonly Fault[] {
  return Object.entries(file).flatMap(([name, given]) =>
    [...wholeFaults(name, given), ...iaidFaults(given), ...nameFaults(given), ...given.delegate.flatMap(delegateFaults)].map((fault) => ({
      ...fault,
      path: [name, ...fault.path],
    })),
  );
}

/** What is understood and served, but not as far as it goes. */
export function uplink6Warnings(file: Uplink6File): readonly Fault[] {
  return Object.entries(file).flatMap(([name, { delegate }]) =>
    delegate.flatMap((given, index) =>
      [...roomWarnings(given), ...upstreamWarnings(name, given)].map((fault) => ({ ...fault, path: [name, "delegate", index, ...fault.path] })),
    ),
  );
}

function roomWarnings({ to, prefix_length: length }: DelegateFile): readonly Fault[] {
  const lengths = targetsOf(to).map(({ prefixLength }) => prefixLength);
  const needed = requestedLength(lengths);
  if (length === undefined || length <= needed) return [];
  const served = servedCount(lengths, length);
  return [
    {
      path: ["prefix_length"],
      message: `a prefix of ${length} bits holds ${served === 0 ? "none" : served} of ${lengths.length} targets`,
      hint: `all need one of ${needed} bits; the others get nothing unless the provider gives more`,
    },
  ];
}

/** Whether the provider keeps a part for it only its answer says. */
function upstreamWarnings(uplink: string, { to }: DelegateFile): readonly Fault[] {
  const at = targetsOf(to).findIndex((target) => target.interface === uplink);
  if (at < 0) return [];
  const message = `of a prefix delegated over ${uplink} it gets itself only what the provider excludes for it (RFC 6603)`;
  return [{ path: ["to", at], message, hint: "RFC 9915 §6.3: a delegated prefix is for interfaces behind the uplink; name those" }];
}

function wholeFaults(name: string, given: Uplink6Entry): readonly Fault[] {
  const sent = Object.values(given.send_options).reduce((sum, text) => sum + OPTION_HEADER_BYTES + (octetsOf(text)?.length ?? 0), 0);
  const leases = given.delegate.length > 0 || given.address !== false;
  const needsLease = (["rapid_commit", "release_on_stop"] as const).filter((key) => given[key] && !leases);
  return [
    ...(/[*?]/.test(name)
      ? [
          {
            path: [],
            message: `"${name}" is a pattern; prefixes are asked for on one interface`,
            hint: "name the interface: its delegations are its own",
          },
        ]
      : []),
    ...needsLease.map((key) => ({
      path: [key],
      message: `${key} needs a lease, and only other information is asked for here`,
      hint: "add delegate or address, or take it away",
    })),
    ...both(given.request_options, given.no_request_options).map(({ index, item }) => ({
      path: ["no_request_options", index],
      message: `option ${item} is both asked for and not`,
      hint: "take it out of one of the two lists",
    })),
    ...(sent > SENT_BYTES
      ? [{ path: ["send_options"], message: `options to send come to more than ${SENT_BYTES} octets`, hint: "messages would be cut into fragments" }]
      : []),
  ];
}

/** A server knows a delegation by its number alone (RFC 9915 §21.21). Two that begin with one name are told as that. */
function iaidFaults({ delegate }: Uplink6Entry): readonly Fault[] {
  const iaids = iaidsOf(delegate);
  const names = delegate.map(({ iaid, to }) => (iaid === undefined ? firstName(to) : undefined));
  return iaids.flatMap((iaid, index) => {
    const first = iaids.indexOf(iaid);
    if (first === index || (names[index] !== undefined && names[index] === names[first])) return [];
    return [{ path: ["delegate", index], message: `two delegations have the same iaid, ${iaid}`, hint: "give one of them another iaid" }];
  });
}

type Named = { readonly path: readonly (string | number)[]; readonly interface: string };

function nameFaults({ delegate }: Uplink6Entry): readonly Fault[] {
  const named = delegate.flatMap(({ to }, index) =>
    targetsOf(to).flatMap((target, at): readonly Named[] =>
      target.interface === undefined ? [] : [{ path: ["delegate", index, "to", at], interface: target.interface }],
    ),
  );
  const names = named.map((one) => one.interface);
  return named.flatMap(({ path, interface: name }, at): readonly Fault[] => {
    if (names.indexOf(name) === at) return [];
    return [
      {
        path,
        message: `${name} has a place already`,
        hint: "an interface is named once in all delegations of an uplink; reserve as often as needed",
      },
    ];
  });
}

function delegateFaults(given: DelegateFile, index: number): readonly Fault[] {
  const targets = targetsOf(given.to);
  const needed = requestedLength(targets.map(({ prefixLength }) => prefixLength));
  const parts = targets.flatMap((target, at) => hostPartFaults(target, given, at));
  const faults: readonly Fault[] = [
    ...(needed < 1
      ? [{ path: ["to"], message: "no prefix is large enough for these targets", hint: "longer ones need less room: 64 bits each" }]
      : []),
    ...hintFaults(given),
    ...parts.filter(({ path }, at) => parts.findIndex((other) => String(other.path) === String(path)) === at),
  ];
  return faults.map((fault) => ({ ...fault, path: ["delegate", index, ...fault.path] }));
}

function hintFaults({ hint, prefix_length }: DelegateFile): readonly Fault[] {
  if (hint === undefined) return [];
  if (hint === UNSPECIFIED_V6)
    return [{ path: ["hint"], message: "this is no prefix", hint: "without hint any is welcome; prefix_length says how large" }];
  if (prefix_length === undefined || masked(hint, prefix_length) === hint) return [];
  return [{ path: ["hint"], message: `hint has bits behind the first ${prefix_length}`, hint: `the prefix is ${masked(hint, prefix_length)}` }];
}

/** A host part fills what the prefix leaves, all of it and nothing else. Told once where all targets have it of the delegation. */
function hostPartFaults({ hostPart, prefixLength }: Target, given: DelegateFile, at: number): readonly Fault[] {
  const path = hostPart === undefined ? ["host_part"] : ["to", at];
  const part = hostPart ?? given.host_part;
  const fault = (message: string, hint: string): readonly Fault[] => [{ path, message, hint }];
  if (prefixLength === ADDRESS_BITS)
    return hostPart === undefined ? [] : fault("a prefix of 128 bits leaves none for a host part", "take host_part away");
  if (part === "eui64")
    return prefixLength <= INTERFACE_ID_BITS
      ? []
      : fault(`"eui64" needs 64 bits, and a prefix of ${prefixLength} leaves fewer`, 'RFC 4291 §2.5.1; "stable" fits any prefix');
  if (part === "stable") return [];
  if (part === UNSPECIFIED_V6 && prefixLength < ADDRESS_BITS - 1)
    return fault("the host part :: is the address of all routers of a link", 'RFC 4291 §2.6.1: such as "::1"');
  return splitOff(part, prefixLength) === part ? [] : fault(`the host part ${part} has bits in a prefix of ${prefixLength}`, 'such as "::1"');
}

function masked(address: Ipv6Address, length: number): Ipv6Address {
  return splitIpv6Prefix(ipv6Prefix(address, length)).address;
}

/** What of an address lies behind its first bits. */
function splitOff(address: Ipv6Address, length: number): Ipv6Address {
  return masked(address, length) === UNSPECIFIED_V6 ? address : UNSPECIFIED_V6;
}
