/** What is wrong between classes and reserved hosts that are each right; and what is right and yet may surprise. */
import { type Ipv6Address, ipv6Contains, isAssignableV6, isDelegableV6 } from "../base/ipv6.ts";
import { ipv6Number, type Ipv6Span, ipv6Span } from "../base/ipv6-number.ts";
import { LIMITS } from "../base/limits.ts";
import type { ClientIdentity } from "../services/lan/dhcp6-config.ts";
import type { Fault } from "./faults.ts";
import type { LanFiles } from "./lan.ts";
import { type HostFile, identitiesOf, listed } from "./lan-clients.ts";
import { servedFaults, servedWarnings } from "./lan-option-faults.ts";
import { addressPoolsIn, spanOf } from "./lan-pools.ts";

const HOST_BITS = 64n;

type Lifetimes = { readonly preferred_seconds?: number | undefined; readonly valid_seconds?: number | undefined };

export function clientFaults(files: LanFiles): readonly Fault[] {
  const hosts = Object.entries(files.host);
  const classes = Object.entries(files.class);
  return [
    ...classes.flatMap(([name, given]) => under(["class", name], [...lifetimeFaults(given), ...servedFaults(given)])),
    ...tooMany("class", Object.keys(files.class), LIMITS.clientClasses, "classes"),
    ...hosts.flatMap(([name, given]) => under(["host", name], [...hostFaults(given), ...lifetimeFaults(given), ...servedFaults(given)])),
    ...tooMany("host", Object.keys(files.host), LIMITS.reservedHosts, "hosts"),
    ...sharedFaults(hosts),
    ...overlapFaults(hosts),
  ];
}

export function clientWarnings(files: LanFiles): readonly Fault[] {
  const isServed = Object.values(files.lan).some(({ dhcpv6 }) => dhcpv6 === "server");
  const tables = (["relayed", "class", "host"] as const).flatMap((table) =>
    Object.keys(files[table])
      .slice(0, 1)
      .map((name) => [table, name]),
  );
  return [
    ...(isServed
      ? []
      : tables.map((path) => ({
          path,
          message: `nobody is served, so that ${path[0]} means nothing`,
          hint: 'an interface with dhcpv6 = "server": [lan.lan0]',
        }))),
    ...[
      ...Object.entries(files.class).map(([name, given]) => ({ path: ["class", name], given })),
      ...Object.entries(files.host).map(([name, given]) => ({ path: ["host", name], given })),
    ].flatMap(({ path, given }) => under(path, servedWarnings(given))),
    ...placeWarnings(files),
  ];
}

/** A ceiling each, or none at all. */
export function lifetimeFaults({ preferred_seconds, valid_seconds }: Lifetimes): readonly Fault[] {
  if (preferred_seconds === undefined && valid_seconds === undefined) return [];
  if (preferred_seconds === undefined || valid_seconds === undefined) {
    const [there, missing] = preferred_seconds === undefined ? ["valid_seconds", "preferred_seconds"] : ["preferred_seconds", "valid_seconds"];
    return [{ path: [there], message: `${missing} is missing`, hint: "lifetimes are said together" }];
  }
  if (preferred_seconds <= valid_seconds) return [];
  return [{ path: ["preferred_seconds"], message: "the preferred lifetime is longer than the valid one", hint: "make it at most valid_seconds" }];
}

function hostFaults(given: HostFile): readonly Fault[] {
  const identities = identitiesOf(given).length;
  return [
    ...(identities === 0 ? [{ path: [], message: "nobody knows this host", hint: 'say what it is known by: duid = "..." or mac = "..."' }] : []),
    ...(identities > LIMITS.hostIdentities
      ? [{ path: [], message: `a host is known by more than ${LIMITS.hostIdentities} things`, hint: "make two of it" }]
      : []),
    ...listed(given.address).flatMap((address) =>
      isAssignableV6(address)
        ? []
        : [{ path: ["address"], message: `${address} is no address a host may be given`, hint: "one of a link that is served" }],
    ),
    ...listed(given.prefix).flatMap((prefix) =>
      isDelegableV6(prefix) ? [] : [{ path: ["prefix"], message: `${prefix} is no prefix a host may be given`, hint: "a part of one that is yours" }],
    ),
  ];
}

/** What identifies a host, or is reserved for one, is nobody else's. */
function sharedFaults(hosts: readonly (readonly [string, HostFile])[]): readonly Fault[] {
  const owners = new Map<string, string>();
  return hosts.flatMap(([name, given]) =>
    claimsOf(given).flatMap(({ key, what }): readonly Fault[] => {
      const owner = owners.get(what);
      if (owner === undefined) owners.set(what, name);
      if (owner === undefined) return [];
      const whose = owner === name ? "stands here twice" : `is ${owner}'s already`;
      return [{ path: ["host", name, key], message: `${what} ${whose}`, hint: "one host has it" }];
    }),
  );
}

function claimsOf(given: HostFile): readonly { readonly key: string; readonly what: string }[] {
  return [
    ...identitiesOf(given).map((one) => ({ key: one.is, what: nameOf(one) })),
    ...listed(given.address).map((what) => ({ key: "address", what })),
    ...(given.host_part === undefined ? [] : [{ key: "host_part", what: `host part ${given.host_part}` }]),
  ];
}

function nameOf(identity: ClientIdentity): string {
  if (identity.is === "mac") return identity.mac;
  return identity.iaid === undefined ? `DUID ${identity.duid}` : `DUID ${identity.duid} with IAID ${identity.iaid.toString(16)}`;
}

/** Sorted, a prefix that overlaps any before it overlaps the one of them that ends last. */
function overlapFaults(hosts: readonly (readonly [string, HostFile])[]): readonly Fault[] {
  const all = hosts.flatMap(([name, given]) => listed(given.prefix).map((prefix) => ({ name, prefix, span: ipv6Span(prefix) })));
  const sorted = all.toSorted((a, b) => (a.span.first < b.span.first ? -1 : a.span.first > b.span.first ? 1 : 0));
  let before: (typeof all)[number] | undefined;
  return sorted.flatMap((one): readonly Fault[] => {
    const other = before;
    if (other === undefined || one.span.end > other.span.end) before = one;
    if (other === undefined || one.span.first >= other.span.end) return [];
    const [later, earlier] = all.indexOf(one) > all.indexOf(other) ? [one, other] : [other, one];
    return [
      { path: ["host", later.name, "prefix"], message: `${later.prefix} overlaps ${earlier.name}'s ${earlier.prefix}`, hint: "reserve another one" },
    ];
  });
}

/** Where every link says its addresses, one far from all of them is never given. What the kernel will hold is not known here. */
function placeWarnings(files: LanFiles): readonly Fault[] {
  const served = Object.values(files.lan).filter(({ dhcpv6 }) => dhcpv6 === "server");
  if (served.some((given) => addressPoolsIn(given).length === 0)) return [];
  const relayed = Object.values(files.relayed);
  const spans = [...served, ...relayed].flatMap((given) => addressPoolsIn(given).map(({ pool }) => spanOf(pool)));
  const isPlaced = (address: Ipv6Address): boolean =>
    relayed.some(({ link }) => ipv6Contains(link, address)) || spans.some((span) => isNear(span, address));
  return Object.entries(files.host).flatMap(([name, given]) =>
    listed(given.address)
      .filter((address) => !isPlaced(address))
      .map((address) => ({ path: ["host", name, "address"], message: `${address} is on no link that is served`, hint: "it is given to nobody" })),
  );
}

/** In it, or in the same 64 bits as its ends. */
function isNear({ first, end }: Ipv6Span, address: Ipv6Address): boolean {
  const number = ipv6Number(address) >> HOST_BITS;
  return number >= first >> HOST_BITS && number <= (end - 1n) >> HOST_BITS;
}

function tooMany(table: string, names: readonly string[], most: number, what: string): readonly Fault[] {
  const name = names[most];
  return name === undefined ? [] : [{ path: [table, name], message: `more than ${most} ${what}`, hint: "give some to another server" }];
}

function under(path: readonly (string | number)[], faults: readonly Fault[]): readonly Fault[] {
  return faults.map((fault) => ({ ...fault, path: [...path, ...fault.path] }));
}
