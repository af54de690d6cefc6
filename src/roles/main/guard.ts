/**
 * What main lets an engine do. Every field is judged against the configuration and the kernel; what is refused is counted by
 * field, and nothing else happens. Main is root: this file is the wall.
 */
import { isUnicastV4, UNSPECIFIED_V4 } from "../../base/ipv4.ts";
import type { Incoming } from "../connection.ts";

/** What a request is judged against. */
export type Known = {
  /** Of the configuration that is in force. */
  readonly generation: number;
  readonly interfaces: ReadonlySet<string>;
  /** The kernel's name of a link, asked now; undefined when there is none. */
  readonly nameOfLink: (link: number) => string | undefined;
  /** The link each interface was served on: only from there may anything be taken away, configured still or no longer. */
  readonly served: ReadonlyMap<string, number>;
};

export type Refusal = `${string}.${"generation" | "name" | "link" | "address" | "prefixLength" | "validSeconds" | "routes" | "record" | "role"}`;

type Request = Extract<
  Incoming,
  { readonly kind: "openPacketSocket" | "closePacketSocket" | "configureUplink" | "deconfigureUplink" | "saveLease" | "forgetLease" }
>;
export const GUARDED = [
  "openPacketSocket",
  "closePacketSocket",
  "configureUplink",
  "deconfigureUplink",
  "saveLease",
  "forgetLease",
] as const satisfies readonly Request["kind"][];

export function isGuarded(message: Incoming): message is Request {
  return (GUARDED as readonly string[]).includes(message.kind);
}

/** @returns the field that is refused, or undefined when the request may be carried out */
export function refusal(request: Request, known: Known): Refusal | undefined {
  const { kind, body, generation } = request;
  if (kind === "closePacketSocket" || kind === "deconfigureUplink") {
    const link = known.served.get(body.name);
    if (link === undefined) return `${kind}.name`;
    return link === body.link ? undefined : `${kind}.link`;
  }
  if (generation !== known.generation) return `${kind}.generation`;
  if (!known.interfaces.has(body.name)) return `${kind}.name`;
  if ("link" in body && known.nameOfLink(body.link) !== body.name) return `${kind}.link`;
  if (kind === "configureUplink") return badUplink(request);
  if (kind === "saveLease" && !isRecord(request.body.record)) return "saveLease.record";
  return undefined;
}

function badUplink({ kind, body }: Extract<Request, { readonly kind: "configureUplink" }>): Refusal | undefined {
  if (!isUnicastV4(body.address)) return `${kind}.address`;
  if (body.prefixLength > 32 || body.prefixLength === 0) return `${kind}.prefixLength`;
  if (body.validSeconds === 0) return `${kind}.validSeconds`;
  const sound = body.routes.every(({ gateway }) => gateway === UNSPECIFIED_V4 || isUnicastV4(gateway));
  return sound ? undefined : `${kind}.routes`;
}

/** A record is text of one JSON object: main does not read it, but writes nothing else either. */
export function isRecord(record: Uint8Array): boolean {
  const printable = record.every((byte) => byte === 0x0a || (byte >= 0x20 && byte !== 0x7f));
  return printable && record[0] === 0x7b && record.at(-1) === 0x0a && record.at(-2) === 0x7d;
}
