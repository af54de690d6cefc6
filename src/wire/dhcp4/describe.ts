/** A message for people: one line for the header, one for each option. Text is escaped, secrets are only counted. */
import { toHex } from "../../base/hex.ts";
import { UNSPECIFIED_V4 } from "../../base/ipv4.ts";
import { escapeText } from "../../base/text.ts";
import { macOfChaddr } from "./hardware.ts";
import type { Dhcp4Message } from "./message.ts";
import { everyOption, optionOfCode } from "./options.ts";
import type { RawOption } from "./table.ts";

const HIDDEN = "(hidden)";

export function describeDhcp4(message: Dhcp4Message): string {
  return [headline(message), ...knownLines(message), ...message.unknown.map((raw) => unknownLine(raw, message))].join("\n");
}

function headline(message: Dhcp4Message): string {
  const words = [
    message.options.messageType.toUpperCase(),
    `xid ${message.xid.toString(16).padStart(8, "0")}`,
    `from ${macOfChaddr(message) ?? `hardware ${message.htype}, ${message.chaddr.slice(0, 2 * message.hlen)}`}`,
    `secs ${message.secs}`,
  ];
  if (message.hops > 0) words.push(`hops ${message.hops}`);
  if (message.broadcast) words.push("broadcast");
  for (const field of ["ciaddr", "yiaddr", "siaddr", "giaddr"] as const) {
    if (message[field] !== UNSPECIFIED_V4) words.push(`${field} ${message[field]}`);
  }
  for (const field of ["sname", "file"] as const) if (message[field] !== "") words.push(`${field} ${printed(message[field])}`);
  return words.join("  ");
}

function knownLines(message: Dhcp4Message): readonly string[] {
  const values = message.options as Readonly<Record<string, unknown>>;
  const present = everyOption().filter((entry) => values[entry.key] !== undefined);
  return present.map((entry) => `  ${entry.code} ${entry.name}: ${entry.secret ? HIDDEN : printed(values[entry.key])}`);
}

function unknownLine({ code, bytes }: RawOption, message: Dhcp4Message): string {
  const entry = optionOfCode(code);
  const reason = message.malformed.find((one) => one.code === code)?.reason;
  const value = entry?.secret === true ? HIDDEN : toHex(bytes);
  return `  ${code} ${entry?.name ?? "unknown"}${reason === undefined ? "" : ` (${reason})`}: ${value}`;
}

function printed(value: unknown): string {
  if (typeof value === "string") return escapeText(value);
  if (value instanceof Uint8Array) return toHex(value);
  if (Array.isArray(value)) return value.map(printed).join(", ");
  if (typeof value !== "object" || value === null) return String(value);
  return `{${Object.entries(value)
    .map(([name, part]) => `${name} ${printed(part)}`)
    .join(" ")}}`;
}
