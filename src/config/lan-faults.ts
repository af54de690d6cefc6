/** What is wrong between parts of `lan` that are each right; and what is right and yet may surprise. */
import { isAssignableV6, splitIpv6Prefix } from "../base/ipv6.ts";
import { type Ipv6Span, ipv6OfNumber, ipv6Span, spansOverlap } from "../base/ipv6-number.ts";
import { LIMITS } from "../base/limits.ts";
import { toHex } from "../base/hex.ts";
import type { Fault } from "./faults.ts";
import { numberOfName } from "./kinds.ts";
import type { InterfaceFile, LanFiles, ServerFile } from "./lan.ts";
import { selectorsOf } from "./lan.ts";
import { clientFaults, clientWarnings, lifetimeFaults } from "./lan-client-faults.ts";
import { servedFaults, servedWarnings } from "./lan-option-faults.ts";
import { addressPoolsIn, lengthsOf, type PrefixPoolFile, prefixPoolsIn, spanOf } from "./lan-pools.ts";

type Place = readonly (string | number)[];
type Link = { readonly path: readonly [string, string]; readonly given: ServerFile };

export function lanFaults(files: LanFiles): readonly Fault[] {
  const links = linksOf(files);
  const classes = Object.keys(files.class);
  return [
    ...nameFaults(links),
    ...links.flatMap((link) => linkFaults(link, classes).map((fault) => ({ ...fault, path: [...link.path, ...fault.path] }))),
    ...Object.entries(files.lan).flatMap(([name, given]) => modeFaults(given).map((fault) => ({ ...fault, path: ["lan", name, ...fault.path] }))),
    ...relayedFaults(files),
    ...clientFaults(files),
  ];
}

export function lanWarnings(files: LanFiles): readonly Fault[] {
  const links = linksOf(files);
  return [
    ...links.flatMap(({ path, given }) => servedWarnings(given).map((fault) => ({ ...fault, path: [...path, ...fault.path] }))),
    ...samePrefixWarnings(files),
    ...clientWarnings(files),
  ];
}

function linksOf({ lan, relayed }: LanFiles): readonly Link[] {
  return [
    ...Object.entries(lan).map(([name, given]): Link => ({ path: ["lan", name], given })),
    ...Object.entries(relayed).map(([name, given]): Link => ({ path: ["relayed", name], given })),
  ];
}

function nameFaults(links: readonly Link[]): readonly Fault[] {
  const numbers = links.map(({ path: [, name] }) => numberOfName(name, 16));
  return links
    .filter((_, index) => numbers.indexOf(numbers[index] ?? 0) !== index)
    .map(({ path }) => ({
      path,
      message: `"${path[1]}" cannot be told from another link in leases`,
      hint: "links are kept under a number made of their names, and these two are alike: rename one",
    }));
}

function linkFaults({ given }: Link, classes: readonly string[]): readonly Fault[] {
  const addresses = addressPoolsIn(given);
  const prefixes = prefixPoolsIn(given);
  const uplink = typeof given.uplink_prefixes === "object" ? given.uplink_prefixes : undefined;
  return [
    ...lifetimeFaults(given),
    ...(given.t1_permille > given.t2_permille
      ? [{ path: ["t1_permille"], message: "T1 is later than T2", hint: "RFC 9915 §14.2: make it at most t2_permille" }]
      : []),
    ...addresses.flatMap(({ path, pool }) => unfitFaults(path, spanOf(pool))),
    ...prefixes.flatMap(({ path, pool }) => [...unfitFaults(path, ipv6Span(pool.pool)), ...prefixPoolFaults(path, pool, given.delegated_length)]),
    ...(uplink === undefined ? [] : lengthFaults(["uplink_prefixes"], lengthsOf(uplink, given.delegated_length))),
    ...overlapFaults([
      ...addresses.map(({ path, pool }) => ({ path, span: spanOf(pool) })),
      ...prefixes.map(({ path, pool }) => ({ path, span: ipv6Span(pool.pool) })),
    ]),
    ...[...addresses, ...prefixes].flatMap(({ path, pool }) => classFaults(path, pool.class, classes)),
    ...servedFaults(given),
  ];
}

function unfitFaults(path: Place, { first }: Ipv6Span): readonly Fault[] {
  if (isAssignableV6(ipv6OfNumber(first))) return [];
  return [{ path, message: "no host may be given anything of this", hint: "a part of the prefix you have, such as 2001:db8:1::/64" }];
}

function prefixPoolFaults(path: Place, pool: PrefixPoolFile, standard: number): readonly Fault[] {
  const { prefixLength } = splitIpv6Prefix(pool.pool);
  const lengths = lengthsOf(pool, standard);
  const isStandard = pool.shortest === undefined && pool.longest === undefined;
  const contradictions = lengthFaults(path, lengths);
  if (contradictions.length > 0) return contradictions;
  return [
    ...(prefixLength > lengths.shortest
      ? [
          {
            path,
            message: `no prefix of ${isStandard ? "delegated_length" : `${lengths.shortest} bits`} fits in it`,
            hint: `a shorter pool, or a longer ${isStandard ? "delegated_length" : "shortest"}`,
          },
        ]
      : []),
    ...(pool.exclude !== undefined && pool.exclude <= lengths.longest
      ? [
          {
            path: [...path, "exclude"],
            message: "what is excluded is no part of a delegated prefix",
            hint: `RFC 6603 §4.2: more than ${lengths.longest} bits`,
          },
        ]
      : []),
  ];
}

function lengthFaults(path: Place, { shortest, longest, usual }: ReturnType<typeof lengthsOf>): readonly Fault[] {
  if (shortest > longest)
    return [{ path: [...path, "shortest"], message: "shortest has more bits than longest", hint: `it is ${shortest}, and longest is ${longest}` }];
  if (usual >= shortest && usual <= longest) return [];
  return [{ path: [...path, "usual"], message: "usual is not between shortest and longest", hint: `a number from ${shortest} to ${longest}` }];
}

type Spanned = { readonly path: Place; readonly span: Ipv6Span };

/** Every pool with those before it: each link has a few. */
function overlapFaults(pools: readonly Spanned[]): readonly Fault[] {
  return pools.flatMap(({ path, span }, index) => {
    const other = pools.slice(0, index).find((one) => spansOverlap(one.span, span));
    if (other === undefined) return [];
    const what = other.path[0] === path[0] ? `two pools of ${path[0]}` : `${other.path[0]} and ${path[0]}`;
    return [{ path, message: `${what} overlap`, hint: "take them from different parts of the prefix" }];
  });
}

function classFaults(path: Place, name: string | undefined, classes: readonly string[]): readonly Fault[] {
  if (name === undefined || classes.includes(name)) return [];
  const known = classes.length === 0 ? `write one: [class.${name}]` : `known are: ${classes.join(", ")}`;
  return [{ path: [...path, "class"], message: `there is no class "${name}"`, hint: known }];
}

function modeFaults(given: InterfaceFile): readonly Fault[] {
  const relayNowhere = given.dhcpv6 === "relay" && given.relay_to.length === 0;
  return [
    ...(relayNowhere ? [{ path: [], message: "a relay needs an uplink", hint: 'name where requests go out: relay_to = ["wan0"]' }] : []),
    ...(given.ra_min_seconds > given.ra_max_seconds * 0.75
      ? [{ path: [], message: "ra_min_seconds is more than three quarters of ra_max_seconds", hint: "RFC 4861 §6.2.1 allows no more" }]
      : []),
  ];
}

/** By what relays say links are told apart: it is said of one of them. */
function relayedFaults({ relayed }: LanFiles): readonly Fault[] {
  const names = Object.keys(relayed);
  const all = Object.entries(relayed).flatMap(([name, given]) => selectorsOf(given).map(({ key, selector }) => ({ name, key, selector })));
  const marks = all.map(({ selector }) => `${selector.code} ${toHex(selector.value)}`);
  const first = new Map(marks.toReversed().map((mark, index) => [mark, marks.length - 1 - index]));
  const crowded = Object.entries(relayed).filter(([, given]) => selectorsOf(given).length > LIMITS.relaySelectors);
  return [
    ...all.flatMap(({ name, key }, index) => {
      const other = all[first.get(marks[index] ?? "") ?? index];
      if (other === undefined || other === all[index]) return [];
      return [
        { path: ["relayed", name, key], message: `the relays of ${other.name} say the same`, hint: "a link is told by what only its relays say" },
      ];
    }),
    ...crowded.map(([name]) => ({ path: ["relayed", name], message: `more than ${LIMITS.relaySelectors} relays`, hint: "make two links of it" })),
    ...(names.length > LIMITS.relayedLinks
      ? [
          {
            path: ["relayed", names.at(-1) ?? ""],
            message: `more than ${LIMITS.relayedLinks} links behind relays`,
            hint: "give some to another server",
          },
        ]
      : []),
  ];
}

function samePrefixWarnings({ relayed }: LanFiles): readonly Fault[] {
  const links = Object.entries(relayed);
  return links.flatMap(([name, { link }], index) => {
    const other = links.slice(0, index).find(([, one]) => one.link === link);
    if (other === undefined) return [];
    return [
      { path: ["relayed", name, "link"], message: `${other[0]} has the same prefix`, hint: "who is told by the link-address is served as there" },
    ];
  });
}
