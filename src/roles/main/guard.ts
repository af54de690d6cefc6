/**
 * What main lets an engine do. Every field is judged against the configuration and the kernel; what is refused is counted by
 * field, and nothing else happens. Main is root: this file is the wall.
 */
import { parseDomainName } from "../../base/domain.ts";
import { isUnicastV4, UNSPECIFIED_V4 } from "../../base/ipv4.ts";
import { mayAnswerV6 } from "../../base/ipv6.ts";
import type { Incoming } from "../connection.ts";

/** What a request is judged against. */
export type Known = {
  /** Of the configuration that is in force. */
  readonly generation: number;
  /** Whether an entry of the configuration is for an interface of this name: its own, or a pattern. */
  readonly configured: (name: string) => "by-name" | "by-pattern" | undefined;
  /** The kernel's name of a link, asked now; undefined when there is none. */
  readonly nameOfLink: (link: number) => string | undefined;
  /** The link each interface was served on: only from there may anything be taken away, configured still or no longer. */
  readonly served: ReadonlyMap<string, number>;
};

type Field =
  | "generation"
  | "name"
  | "link"
  | "address"
  | "prefixLength"
  | "validSeconds"
  | "routes"
  | "nameServers"
  | "searchDomains"
  | "hostName"
  | "record";
export type Refusal = `${string}.${Field}`;

/** They put something there that has to do with a link. */
const OF_A_LINK = ["openPacketSocket", "openArpSocket", "configureUplink", "publishUplink"] as const;
const TAKEN_AWAY = ["closePacketSocket", "deconfigureUplink", "withdrawUplink"] as const;
const OF_A_NAME = ["saveLease", "forgetLease"] as const;
export const UPLINK4_REQUESTS = [...OF_A_LINK, ...TAKEN_AWAY, ...OF_A_NAME, "uplinkEvent"] as const;
export const UPLINK6_REQUESTS = ["publishUplink6", "withdrawUplink", "uplinkEvent"] as const;
type RequestName = (typeof UPLINK4_REQUESTS | typeof UPLINK6_REQUESTS)[number];
type Request = Extract<Incoming, { readonly kind: RequestName }>;

export function isOneOf<K extends Incoming["kind"]>(kinds: readonly K[], message: Incoming): message is Extract<Incoming, { readonly kind: K }> {
  return (kinds as readonly string[]).includes(message.kind);
}

/** @returns the field that is refused, or undefined when the request may be carried out */
export function refusal(request: Request, known: Known): Refusal | undefined {
  const { kind, body, generation } = request;
  if (isOneOf(TAKEN_AWAY, request)) {
    const link = known.served.get(body.name);
    if (link === undefined) return `${kind}.name`;
    return link === request.body.link ? undefined : `${kind}.link`;
  }
  // what happened may be of an older configuration, or tell that an interface is in it no longer
  if (kind === "uplinkEvent" && known.served.has(body.name)) return badContent(request);
  if (kind !== "uplinkEvent" && generation !== known.generation) return `${kind}.generation`;
  const configured = known.configured(body.name);
  if (configured === undefined) return `${kind}.name`;
  // patterns match names without end: of those only interfaces that were there have files
  if (isOneOf(OF_A_NAME, request) && configured === "by-pattern" && !known.served.has(body.name)) return `${kind}.name`;
  if ("link" in body && known.nameOfLink(body.link) !== body.name) return `${kind}.link`;
  return badContent(request);
}

function badContent(request: Request): Refusal | undefined {
  switch (request.kind) {
    case "configureUplink":
      return badUplink(request);
    case "openArpSocket":
      return isUnicastV4(request.body.address) ? undefined : "openArpSocket.address";
    case "publishUplink":
    case "publishUplink6":
      return badFacts(request);
    case "saveLease":
      return isRecord(request.body.record) ? undefined : "saveLease.record";
    case "uplinkEvent":
      return isPublic(request.body.record) ? undefined : "uplinkEvent.record";
    default:
      return undefined;
  }
}

function badUplink({ kind, body }: Extract<Request, { readonly kind: "configureUplink" }>): Refusal | undefined {
  if (!isUnicastV4(body.address)) return `${kind}.address`;
  if (body.prefixLength > 32 || body.prefixLength === 0) return `${kind}.prefixLength`;
  if (body.validSeconds === 0) return `${kind}.validSeconds`;
  const sound = body.routes.every(({ gateway }) => gateway === UNSPECIFIED_V4 || isUnicastV4(gateway));
  return sound ? undefined : `${kind}.routes`;
}

/** It ends in resolvers' files and in arguments of their programs. */
function badFacts({ kind, body }: Extract<Request, { readonly kind: `publish${string}` }>): Refusal | undefined {
  const answering = kind === "publishUplink" ? body.nameServers.every(isUnicastV4) : body.nameServers.every(mayAnswerV6);
  if (!answering) return `${kind}.nameServers`;
  if (!body.searchDomains.every((name) => parseDomainName(name) === name)) return `${kind}.searchDomains`;
  if (kind === "publishUplink" && body.hostName !== "" && parseDomainName(body.hostName) !== body.hostName) return `${kind}.hostName`;
  return isPublic(body.record) ? undefined : `${kind}.record`;
}

/** A record is text of one JSON object: main does not read it, but writes nothing else either. */
export function isRecord(record: Uint8Array): boolean {
  const printable = record.every((byte) => byte === 0x0a || (byte >= 0x20 && byte !== 0x7f));
  return printable && record[0] === 0x7b && record.at(-1) === 0x0a && record.at(-2) === 0x7d;
}

/** A record for other programs: what is not ASCII is written as JSON's escapes, so that no terminal takes it for more than text. */
export function isPublic(record: Uint8Array): boolean {
  return isRecord(record) && record.every((byte) => byte < 0x7f);
}
