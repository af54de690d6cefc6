/** Captured conversations: who sent which bytes, in order. */
import { readdirSync, readFileSync } from "node:fs";
import { bytesOf } from "../../../src/base/hex.ts";

export type Part = { readonly from: "client" | "server"; readonly bytes: Uint8Array };
export type Conversation = { readonly name: string; readonly parts: readonly Part[]; readonly expected: unknown };

/** Every NAME.hex of a folder of fixtures with the value in NAME.json; undefined where there is none yet. */
export function conversations(folder: "ldap" | "rpc"): readonly Conversation[] {
  const url = new URL(`../../../fixtures/${folder}/`, import.meta.url);
  const files = readdirSync(url);
  return files
    .filter((file) => file.endsWith(".hex"))
    .toSorted()
    .map((file) => {
      const name = file.slice(0, -4);
      const sections = readFileSync(new URL(file, url), "utf8")
        .split(/^# from (client|server)$/m)
        .slice(1);
      const parts = sections.flatMap((from, i): Part[] =>
        i % 2 === 0 ? [{ from: from === "client" ? "client" : "server", bytes: bytesOf(sections[i + 1] ?? "") }] : [],
      );
      const expected: unknown = files.includes(`${name}.json`) ? JSON.parse(readFileSync(new URL(`${name}.json`, url), "utf8")) : undefined;
      return { name, parts, expected };
    });
}

/** As it stands in NAME.json: bytes that are text as text, others as hexadecimal. */
export function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (_, part: unknown) => (part instanceof Uint8Array ? shown(part) : part)));
}

function shown(bytes: Uint8Array): unknown {
  const text = new TextDecoder().decode(bytes);
  return /[\p{Cc}\ufffd]/u.test(text) ? { hex: Buffer.from(bytes).toString("hex") } : { text };
}
