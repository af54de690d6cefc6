/**
 * ISC dhcpd's file of DHCPv6 leases (dhcpd.leases(5)): associations in braces, of which the last one of each lease holds. What it is
 * named by is the IAID in the byte order of the machine that wrote it, then the DUID, with octal escapes.
 */
import { Reader } from "../../base/cursor.ts";
import { duidOf } from "../../base/duid.ts";
import { parseIpv6, parseIpv6Prefix, splitIpv6Prefix } from "../../base/ipv6.ts";
import type { Lease, LeaseState } from "../../ports/leases.ts";
import type { ReadLeases, Unreadable } from "./read-leases.ts";

const IAID_BYTES = 4;
const FOREVER_SECONDS = 0xffffffff;
const STATES: Readonly<Record<string, LeaseState>> = { active: "bound", abandoned: "declined", expired: "expired", released: "released" };
const TOKEN = /\s+|#[^\n]*|"((?:\\.|[^"\\])*)"|([{};])|([^\s{};"#]+)/gs;

type Token = { readonly text: string; readonly line: number };
/** Statements end with `;`; a block has statements of its own. */
type Statement = { readonly words: readonly string[]; readonly line: number; readonly block: readonly Statement[] | undefined };

export function iscLeases(text: string, link: string): ReadLeases {
  const leases = new Map<string, Lease>();
  const unreadable: Unreadable[] = [];
  const statements = statementsOf(tokensOf(text));
  const bigEndian = statements.some(({ words }) => words[0] === "authoring-byte-order" && words[1] === "big-endian");
  for (const { words, block, line } of statements) {
    const [kind, name = ""] = words;
    if (block === undefined || (kind !== "ia-na" && kind !== "ia-pd")) continue;
    const owner = bytesOf(name);
    const client = duidOf(owner.subarray(IAID_BYTES));
    if (client === undefined) {
      unreadable.push({ line, what: "this names no client" });
      continue;
    }
    const iaid = new Reader(bigEndian ? owner : owner.slice(0, IAID_BYTES).reverse()).u32();
    const cltt = secondsIn(block.find(({ words: [first] }) => first === "cltt")?.words ?? []) ?? 0;
    for (const one of block.filter(({ words: [first] }) => first === "iaaddr" || first === "iaprefix")) {
      const found = leaseIn(one, cltt);
      if (typeof found === "string") unreadable.push({ line: one.line, what: found });
      else leases.set(`${found.address}/${found.prefixLength}`, { ...found, link, client, iaid, hostName: "" });
    }
  }
  return { leases: [...leases.values()], unreadable };
}

function leaseIn({ words, block = [] }: Statement, cltt: number): Omit<Lease, "link" | "client" | "iaid" | "hostName"> | string {
  const [what, where = ""] = words;
  const kind = what === "iaaddr" ? "address" : "prefix";
  const address = kind === "address" ? parseIpv6(where) : undefined;
  const prefix = kind === "prefix" ? parseIpv6Prefix(where) : undefined;
  const place = address === undefined ? prefix && splitIpv6Prefix(prefix) : { address, prefixLength: 128 };
  if (place === undefined) return `${where} is no IPv6 ${kind}`;
  const said = (name: string): readonly string[] => block.find(({ words: [first] }) => first === name)?.words ?? [];
  const state = STATES[said("binding")[2] ?? "active"];
  if (state === undefined) return `leases in state ${said("binding")[2] ?? ""} are not known here`;
  const ends = secondsIn(said("ends"));
  const preferred = Number(said("preferred-life")[1] ?? Number.NaN);
  if (ends === undefined || !Number.isInteger(preferred)) return "its times are missing, or none";
  const preferredUntilSeconds = preferred >= FOREVER_SECONDS ? ends : Math.min(ends, cltt + preferred);
  return { kind, ...place, state, startSeconds: cltt, preferredUntilSeconds, validUntilSeconds: ends };
}

/** `ends 5 2026/11/20 17:00:00` (UTC), `ends epoch 1795000000`, `ends never`. */
function secondsIn([, first = "", second = "", third = ""]: readonly string[]): number | undefined {
  if (first === "never") return FOREVER_SECONDS;
  const seconds = first === "epoch" ? Number(second) : Date.parse(`${second.replaceAll("/", "-")}T${third}Z`) / 1000;
  return Number.isInteger(seconds) && seconds >= 0 && seconds < FOREVER_SECONDS ? seconds : undefined;
}

function tokensOf(text: string): readonly Token[] {
  const tokens: Token[] = [];
  let line = 1;
  for (const [whole, quoted, mark, word] of text.matchAll(TOKEN)) {
    const found = quoted ?? mark ?? word;
    if (found !== undefined) tokens.push({ text: quoted === undefined ? found : `"${found}`, line });
    line += whole.split("\n").length - 1;
  }
  return tokens;
}

/** Blocks in blocks, as deep as they go: what is not closed ends with the file. */
function statementsOf(tokens: readonly Token[]): readonly Statement[] {
  const open: { statements: Statement[]; words: string[]; line: number }[] = [{ statements: [], words: [], line: 1 }];
  for (const { text, line } of tokens) {
    const level = open.at(-1);
    if (level === undefined) break;
    if (level.words.length === 0) level.line = line;
    if (text === "{") open.push({ statements: [], words: [], line });
    else if (text === ";") {
      if (level.words.length > 0) level.statements.push({ words: level.words.splice(0), line: level.line, block: undefined });
    } else if (text === "}") {
      const closed = open.pop();
      const outer = open.at(-1);
      if (closed === undefined || outer === undefined) break;
      outer.statements.push({ words: outer.words.splice(0), line: outer.line, block: closed.statements });
    } else level.words.push(text);
  }
  return open[0]?.statements ?? [];
}

/** Octets of a quoted name: `\ooo` is an octal number, any other character behind a backslash is itself. */
function bytesOf(quoted: string): Uint8Array {
  const parts = [...quoted.slice(1).matchAll(/\\([0-7]{3})|\\(.)|([^\\])/gs)];
  return Uint8Array.from(parts, ([, octal, escaped, plain]) =>
    octal === undefined ? (escaped ?? plain ?? "").charCodeAt(0) : Number.parseInt(octal, 8),
  );
}
