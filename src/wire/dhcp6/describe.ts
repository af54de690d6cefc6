/** A message for people: one line for the header, one for each option, inner messages below. Text is escaped, secrets are only counted. */
import { type Duid, describeDuid } from "../../base/duid.ts";
import { WireError } from "../../base/errors.ts";
import { toHex } from "../../base/hex.ts";
import { LIMITS } from "../../base/limits.ts";
import { escapeText } from "../../base/text.ts";
import { type Dhcp6Message, decodeDhcp6, encodeDhcp6, isRelayMessage } from "./message.ts";
import { everyOption, OPTIONS, optionOfCode } from "./options.ts";
import type { OptionSet } from "./set.ts";
import type { RawOption } from "./table.ts";

const HIDDEN = "(hidden)";
/** Options whose value is a DUID. */
const DUIDS: readonly string[] = ["clientId", "serverId", "relayId"];
/** An envelope in an envelope is shown this deep. */
const DEPTH_MAX = LIMITS.relayLevels;

export function describeDhcp6(message: Dhcp6Message): string {
  return linesOf(message, 0).join("\n");
}

function linesOf(message: Dhcp6Message, depth: number): readonly string[] {
  const unknown = message.unknown.map((raw) => `  ${unknownText(raw, message)}`);
  return [headline(message), ...knownLines(message, depth), ...unknown];
}

function headline(message: Dhcp6Message): string {
  const name = message.kind.replace(/[A-Z]/g, "-$&").toUpperCase();
  if (isRelayMessage(message)) return `${name}  hop ${message.hopCount}  link ${message.linkAddress}  peer ${message.peerAddress}`;
  return `${name}  transaction ${message.transactionId.toString(16).padStart(6, "0")}`;
}

function knownLines(message: Dhcp6Message, depth: number): readonly string[] {
  const values = message.options as Readonly<Record<string, unknown>>;
  return everyOption().flatMap(({ key, code, name, secret, repeats }) => {
    const value = values[key];
    if (value === undefined) return [];
    if (key === "relayMessage") return [`  ${code} ${name}:`, ...innerLines(value as Uint8Array, depth).map((line) => `    ${line}`)];
    const list = repeats ? (value as readonly unknown[]) : [value];
    return list.map((one) => `  ${code} ${name}: ${secret ? HIDDEN : DUIDS.includes(key) ? describeDuid(one as Duid) : printed(one)}`);
  });
}

/** Never as bytes: there may be a secret in them. */
function innerLines(bytes: Uint8Array, depth: number): readonly string[] {
  if (depth >= DEPTH_MAX) return [`${bytes.length} bytes, nested too deep`];
  try {
    return linesOf(decodeDhcp6(bytes), depth + 1);
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    return [`${bytes.length} bytes (${error.code})`];
  }
}

function unknownText({ code, bytes }: RawOption, set: OptionSet<unknown>): string {
  const entry = optionOfCode(code);
  const reason = set.malformed.find((one) => one.code === code)?.reason;
  const hidden = entry?.secret === true || code === OPTIONS.relayMessage.code;
  return `${code} ${entry?.name ?? "unknown"}${reason === undefined ? "" : ` (${reason})`}: ${hidden ? HIDDEN : toHex(bytes)}`;
}

function printed(value: unknown): string {
  if (typeof value === "string") return escapeText(value);
  if (value instanceof Uint8Array) return toHex(value);
  if (Array.isArray(value)) return value.map(printed).join(", ");
  if (typeof value !== "object" || value === null) return String(value);
  const set = isSet(value) ? value : undefined;
  const fields = Object.entries(value).filter(([name]) => set === undefined || !["options", "unknown", "malformed"].includes(name));
  const words = [...fields, ...Object.entries(set?.options ?? {})].map(([name, part]) => `${name} ${printed(part)}`);
  return `{${[...words, ...(set?.unknown ?? []).map((raw) => `[${unknownText(raw, set ?? NOTHING)}]`)].join(" ")}}`;
}

const NOTHING: OptionSet<object> = { options: {}, unknown: [], malformed: [] };

function isSet(value: object): value is OptionSet<object> {
  return "options" in value && "unknown" in value && "malformed" in value;
}

/** The message without the options that no view, log or recording may hold, inner messages included; whoever needs them takes them out first. */
export function withoutSecrets<M extends Dhcp6Message>(message: M): M {
  return cleared(message, 0);
}

function cleared<M extends Dhcp6Message>(message: M, depth: number): M {
  const secret = everyOption().filter((entry) => entry.secret);
  const unknown = message.unknown.filter(({ code }) => code !== OPTIONS.relayMessage.code && !secret.some((entry) => entry.code === code));
  const kept = Object.entries(message.options).filter(([name]) => !secret.some((entry) => entry.key === name));
  const options = Object.fromEntries(kept.map(([name, value]) => [name, name === "relayMessage" ? innerCleared(value as Uint8Array, depth) : value]));
  return { ...message, options: options as M["options"], unknown };
}

/** What cannot be read, or is nested too deep, cannot be cleared of secrets, and becomes one zero octet. */
function innerCleared(bytes: Uint8Array, depth: number): Uint8Array {
  if (depth >= DEPTH_MAX) return new Uint8Array(1);
  try {
    return encodeDhcp6(cleared(decodeDhcp6(bytes), depth + 1));
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    return new Uint8Array(1);
  }
}
