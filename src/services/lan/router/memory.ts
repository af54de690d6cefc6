/** What a link's hosts were told, as a file that outlives us: JSON, version 1. Times do not stand in it: a new life counts anew. */
import { parseDomainName } from "../../../base/domain.ts";
import { parseIpv6, parseIpv6Prefix } from "../../../base/ipv6.ts";
import { LIMITS } from "../../../base/limits.ts";
import type { Item } from "../../../machines/router-advertiser/state.ts";

const VERSION = 1;

export function encodeMemory(name: string, items: readonly Item[]): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify({ version: VERSION, interface: name, items }, undefined, 1)}\n`);
}

/** @returns undefined for a record that is corrupt, foreign, or of another interface or version */
export function decodeMemory(name: string, bytes: Uint8Array): readonly Item[] | undefined {
  const record = parsed(bytes);
  if (record === undefined || record["version"] !== VERSION || record["interface"] !== name) return undefined;
  const list = record["items"];
  if (!Array.isArray(list) || list.length > LIMITS.rememberedItems) return undefined;
  const items = list.map(itemIn);
  return items.every((item): item is Item => item !== undefined) ? items : undefined;
}

function parsed(bytes: Uint8Array): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function itemIn(one: unknown): Item | undefined {
  if (typeof one !== "object" || one === null) return undefined;
  const { kind, value: text } = one as Readonly<Record<string, unknown>>;
  if (typeof text !== "string") return undefined;
  if (kind === "prefix" || kind === "route") {
    const value = parseIpv6Prefix(text);
    return value === undefined ? undefined : { kind, value };
  }
  if (kind === "resolver") {
    const value = parseIpv6(text);
    return value === undefined ? undefined : { kind, value };
  }
  const value = kind === "name" ? parseDomainName(text) : undefined;
  return value === undefined ? undefined : { kind: "name", value };
}
