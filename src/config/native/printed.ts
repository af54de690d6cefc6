/** What both native files are printed with. */
import { toHex } from "../../base/hex.ts";
import { octetsOf, textOfOctets } from "../octets.ts";
import type { ConfigFile } from "../schema.ts";

/** What concerns the host, and no interface. */
export function hostLines({ system, hooks }: ConfigFile): readonly string[] {
  return [
    ...(system === undefined || system.resolver === "auto" ? [] : [`resolver ${system.resolver}\n`]),
    ...(system?.manage === true ? ["manage system\n"] : []),
    ...(hooks === undefined ? [] : [`hook ${quoted(hooks.run)}${hooks.user === undefined ? "" : ` user ${quoted(hooks.user)}`}\n`]),
  ];
}

/** @param comment behind the brace that opens it */
export function blockOf(head: string, lines: readonly string[], comment = ""): string {
  return `${head} {${comment}\n${lines.map((line) => `\t${line}\n`).join("")}}\n`;
}

/** Text as it is; where a backslash would be read as something else, its octets. */
export function optionText(given: string): string {
  const octets = octetsOf(given) ?? new Uint8Array(0);
  const text = textOfOctets(octets);
  return quoted(text.includes("\\") ? `hex:${toHex(octets)}` : text);
}

/** @param behind what belongs to the name, such as a length */
export function quotedName(name: string, keywords: readonly string[], behind = ""): string {
  const whole = name + behind;
  if (/^[A-Za-z_][A-Za-z0-9_.*?-]*$/.test(name) && !keywords.includes(whole)) return whole;
  return whole.endsWith("\\") ? whole.replaceAll("\\", "\\\\") : quoted(whole); // a quoted string cannot end with a backslash
}

/** A quote, and a blank or tab behind a backslash, need a backslash of their own. */
export function quoted(text: string): string {
  return `"${text.replace(/"|(?<=\\)[ \t]/g, "\\$&")}"`;
}
