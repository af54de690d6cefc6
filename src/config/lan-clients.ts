/** `[class.NAME]`: clients that are told by what they say; `[host.NAME]`: clients that are known, and what is reserved for them. */
import { z } from "zod";
import { type Duid, parseDuid } from "../base/duid.ts";
import { type Ipv6Address, type Ipv6Prefix, ipv6Contains, parseIpv6, UNSPECIFIED_V6 } from "../base/ipv6.ts";
import { LIMITS } from "../base/limits.ts";
import { parseMac } from "../base/mac.ts";
import type { ClassTest, ClientClass, ClientIdentity, PromisedLifetimes, ReservedHost } from "../services/lan/dhcp6-config.ts";
import { ipv6, label, parsed, prefix6, seconds } from "./kinds.ts";
import { servedKeys, servedOf } from "./lan-options.ts";
import { octets, octetsOf } from "./octets.ts";

const MOST_CODE = 0xffff;
const FOREVER_SECONDS = 0xffffffff;
const QUESTIONS = ["equal", "prefix", "present"] as const satisfies readonly ClassTest["is"][];
const HOST_PART_OF = "::/64" as Ipv6Prefix;

const lifetimes = { preferred_seconds: seconds(1, FOREVER_SECONDS).optional(), valid_seconds: seconds(1, FOREVER_SECONDS).optional() };
const classTest = z
  .strictObject({
    option: z.number().int().min(1).max(MOST_CODE),
    equal: octets(LIMITS.servedOptionBytes, 0).optional(),
    prefix: octets(LIMITS.servedOptionBytes).optional(),
    present: z.literal(true).optional(),
  })
  .superRefine((given, context) => {
    if (QUESTIONS.filter((one) => given[one] !== undefined).length === 1) return;
    context.addIssue({
      code: "custom",
      message: "a test asks one thing of its option",
      params: { hint: 'equal = "...", prefix = "..." or present = true' },
    });
  });

export const classSchema = z.strictObject({
  tests: z.array(classTest).min(1).max(LIMITS.classTests),
  drop: z.boolean().default(false),
  ...lifetimes,
  ...servedKeys,
});

/** "00:03:...", and "%" with an IAID in hexadecimal where one association is meant. */
function duidText(text: string): string | undefined {
  const [duid = "", iaid, more] = text.split("%");
  const parsedDuid = parseDuid(duid);
  if (parsedDuid === undefined || more !== undefined) return undefined;
  if (iaid === undefined) return parsedDuid;
  return /^[0-9a-fA-F]{1,8}$/.test(iaid) ? `${parsedDuid}%${Number.parseInt(iaid, 16).toString(16)}` : undefined;
}

const duid = parsed(duidText, { what: "DUID", hint: '3 to 130 octets in hexadecimal, and an IAID where one is meant: "00030001020000000001%a"' });
const mac = parsed(parseMac, { what: "Ethernet address", hint: 'such as "02:00:5e:10:00:01"' });
const hostPart = parsed(
  (text): Ipv6Address | undefined => {
    const part = parseIpv6(text);
    return part !== undefined && part !== UNSPECIFIED_V6 && ipv6Contains(HOST_PART_OF, part) ? part : undefined;
  },
  { what: "host part", hint: 'the lower 64 bits of an address: "::123"' },
);

function oneOrMore<T extends z.ZodType>(kind: T, most: number) {
  return z.union([kind, z.array(kind).min(1).max(most)]).optional();
}

export const hostSchema = z.strictObject({
  duid: oneOrMore(duid, LIMITS.hostIdentities),
  mac: oneOrMore(mac, LIMITS.hostIdentities),
  address: oneOrMore(ipv6, LIMITS.poolsPerLink),
  host_part: hostPart.optional(),
  prefix: oneOrMore(prefix6, LIMITS.poolsPerLink),
  ...lifetimes,
  ignored: z.boolean().default(false),
  ...servedKeys,
});
export const classSchemas = z.record(label, classSchema);
export const hostSchemas = z.record(label, hostSchema);
export type ClassFile = z.output<typeof classSchema>;
export type HostFile = z.output<typeof hostSchema>;
type LifetimesFile = Pick<ClassFile, keyof typeof lifetimes>;

export function classOf(name: string, given: ClassFile): ClientClass {
  return { name, tests: given.tests.map(testOf), drop: given.drop, lifetimes: lifetimesOf(given), ...servedOf(given) };
}

export function hostOf(name: string, given: HostFile): ReservedHost {
  return {
    name,
    identities: identitiesOf(given),
    addresses: listed(given.address),
    hostPart: given.host_part,
    prefixes: listed(given.prefix),
    lifetimes: lifetimesOf(given),
    ignored: given.ignored,
    ...servedOf(given),
  };
}

/** By DUID first, as it is looked for. */
export function identitiesOf({ duid: duids, mac: macs }: Pick<HostFile, "duid" | "mac">): readonly ClientIdentity[] {
  return [
    ...listed(duids).map((text): ClientIdentity => {
      const [hex = "", iaid] = text.split("%");
      return { is: "duid", duid: hex as Duid, iaid: iaid === undefined ? undefined : Number.parseInt(iaid, 16) };
    }),
    ...listed(macs).map((one): ClientIdentity => ({ is: "mac", mac: one })),
  ];
}

/** One thing, several or none. */
export function listed<T extends string>(given: T | readonly T[] | undefined): readonly T[] {
  if (given === undefined) return [];
  return typeof given === "string" ? [given] : given;
}

function lifetimesOf({ preferred_seconds, valid_seconds }: LifetimesFile): PromisedLifetimes | undefined {
  if (preferred_seconds === undefined || valid_seconds === undefined) return undefined;
  return { preferredSeconds: preferred_seconds, validSeconds: valid_seconds };
}

function testOf(given: ClassFile["tests"][number]): ClassTest {
  const is = QUESTIONS.find((one) => given[one] !== undefined) ?? "present";
  const text = is === "present" ? undefined : given[is];
  return { code: given.option, is, value: text === undefined ? new Uint8Array(0) : (octetsOf(text) ?? new Uint8Array(0)) };
}
