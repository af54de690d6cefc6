/** The addressing plan as text and a picture, 80 columns wide. */
import { type Ipv6Prefix, ipv6Prefix, splitIpv6Prefix } from "../../base/ipv6.ts";
import { type Ipv6Span, ipv6Span, spansOverlap } from "../../base/ipv6-number.ts";
import { escapeText } from "../../base/text.ts";
import { many } from "../show/words.ts";
import type { DelegationPlan, Reason, TargetPlan, UplinkPlan } from "./view.ts";

const COLUMNS = 80;
/** Cells of a bar. */
const CELLS = 64;
const MARKS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
const FREE = ".";
const SEVERAL = "+";
const RESERVED = "=";
const EXCLUDED = "#";
/** More than fit on two lines are counted. */
const FREE_TOLD = 6;

const REASONS: Readonly<Record<Reason, string>> = {
  "too-small": "nothing: the prefix ends before its place",
  "upstream-link": "nothing: this is the link the prefix came over (RFC 9915 §18.2.10.1)",
  "no-interface": "our address is made of its hardware address when it is there",
  "no-secret": "our address is made by the running program alone (RFC 7217)",
  "no-hardware-address": "not EUI-64: it has no hardware address",
  "prefix-too-long": "not EUI-64: that needs 64 bits",
  "reserved-identifier": "not the host part asked for, which no host may have",
};

/** How a piece of text is coloured: by the number of its target. */
export type Paint = (text: string, index: number) => string;
export const PLAIN: Paint = (text) => text;
/** The six colours of a terminal that are seen on black and on white. */
export const COLOURED: Paint = (text, index) => `\u001b[${31 + (index % 6)}m${text}\u001b[0m`;

type Row = {
  readonly index: number;
  readonly mark: string;
  readonly name: string;
  readonly subnet: string;
  readonly address: string;
  readonly remark: string;
};
type Piece = { readonly index: number; readonly mark: string; readonly span: Ipv6Span };

export function planLines(uplinks: readonly UplinkPlan[], paint: Paint): readonly string[] {
  return uplinks.flatMap((uplink, i) => [...(i === 0 ? [] : [""]), ...uplinkLines(uplink, paint)]);
}

function uplinkLines({ interface: name, addressIaid, delegations }: UplinkPlan, paint: Paint): readonly string[] {
  const uplink = escapeText(name);
  const others = [
    ...(addressIaid === null ? [] : [`${uplink} asks for an address of its own, IA_NA ${addressIaid}.`]),
    ...(addressIaid === null && delegations.length === 0 ? [`${uplink} asks for other information only.`] : []),
  ];
  return [...others, ...delegations.flatMap((one, i) => [...(i + others.length === 0 ? [] : [""]), ...delegationLines(uplink, one, paint)])];
}

function delegationLines(uplink: string, plan: DelegationPlan, paint: Paint): readonly string[] {
  const { iaid, requestedLength, prefix, targets } = plan;
  const rows = rowsOf(plan);
  const pieces = rows.flatMap(({ index, mark, subnet }): readonly Piece[] =>
    subnet === "" ? [] : [{ index, mark, span: ipv6Span(subnet as Ipv6Prefix) }],
  );
  const unserved = targets.filter(({ subnet }) => subnet === null).length;
  return [
    `${uplink}, IA_PD ${iaid}: asks for a prefix of ${requestedLength} bits for ${many(targets.length, "target")}.`,
    `With ${prefix}${unserved === 0 ? " each has its place" : `, ${unserved} of them ${unserved === 1 ? "gets" : "get"} nothing`}:`,
    "",
    ...bars(prefix, pieces, paint),
    "",
    ...tableLines(rows, paint),
    "",
    ...freeLines(plan),
  ];
}

function rowsOf({ targets, excluded }: DelegationPlan): readonly Row[] {
  const rows = targets.map((target, index) => rowOf(target, index));
  if (excluded === null || targets.some(({ subnet }) => subnet === excluded)) return rows;
  return [
    ...rows,
    { ...{ index: rows.length, mark: EXCLUDED, name: "", subnet: excluded, address: "" }, remark: "kept for the link it came over (RFC 6603)" },
  ];
}

function rowOf({ interface: name, subnet, address, reason }: TargetPlan, index: number): Row {
  const mark = subnet === null ? " " : name === null ? RESERVED : (MARKS[index] ?? "*");
  const remark = reason === null ? "" : REASONS[reason];
  return { index, mark, name: name === null ? "reserve" : escapeText(name), subnet: subnet ?? "", address: address ?? "", remark };
}

/** The whole prefix; and, where little of it is in use, that part again. */
function bars(prefix: Ipv6Prefix, pieces: readonly Piece[], paint: Paint): readonly string[] {
  const placed = pieces.filter(({ mark }) => mark !== EXCLUDED);
  const close = closest(
    prefix,
    placed.map(({ span }) => span),
  );
  return [...bar(prefix, pieces, paint), ...(close === prefix ? [] : bar(close, pieces, paint))];
}

function bar(prefix: Ipv6Prefix, pieces: readonly Piece[], paint: Paint): readonly string[] {
  const { first, end } = ipv6Span(prefix);
  const size = end - first;
  const scaled = pieces.map((piece) => ({
    ...piece,
    span: { first: (piece.span.first - first) * BigInt(CELLS), end: (piece.span.end - first) * BigInt(CELLS) },
  }));
  const cells = Array.from({ length: CELLS }, (_, i) => {
    const cell = { first: BigInt(i) * size, end: BigInt(i + 1) * size };
    const [one, ...more] = scaled.filter(({ span }) => spansOverlap(span, cell));
    if (one === undefined) return FREE;
    return more.length > 0 ? SEVERAL : paint(one.mark, one.index);
  });
  return [`  ${prefix}`, `  |${cells.join("")}|`];
}

/** The smallest prefix with the same start that has all of them. */
function closest(prefix: Ipv6Prefix, spans: readonly Ipv6Span[]): Ipv6Prefix {
  const { address, prefixLength } = splitIpv6Prefix(prefix);
  const end = spans.reduce((last, span) => (span.end > last ? span.end : last), 0n);
  if (end === 0n) return prefix;
  let length = prefixLength;
  while (length < 128 && ipv6Span(ipv6Prefix(address, length + 1)).end >= end) length++;
  return ipv6Prefix(address, length);
}

/** One line a target; where that is too wide our addresses stand below. */
function tableLines(rows: readonly Row[], paint: Paint): readonly string[] {
  const width = (of: (row: Row) => string): number => Math.max(...rows.map((row) => of(row).length));
  const [nameWidth, subnetWidth] = [width(({ name }) => name), width(({ subnet }) => subnet)];
  const fits = 4 + nameWidth + 2 + subnetWidth + 2 + width(({ address }) => address) <= COLUMNS;
  return rows.flatMap(({ index, mark, name, subnet, address, remark }) => {
    const head = `  ${paint(mark, index)} ${name.padEnd(nameWidth)}  `;
    const below = " ".repeat(4 + nameWidth + 2);
    if (subnet === "") return [`${head}${remark}`];
    const line = fits && address !== "" ? `${head}${subnet.padEnd(subnetWidth)}  ${address}` : `${head}${subnet}`;
    return [line, ...(fits || address === "" ? [] : [`${below}${address}`]), ...(remark === "" ? [] : [`${below}${remark}`])];
  });
}

function freeLines({ free }: DelegationPlan): readonly string[] {
  if (free.length === 0) return ["  free: nothing"];
  const told = free.slice(0, FREE_TOLD);
  const words = [
    ...told.map((one, i) => (i + 1 < free.length ? `${one},` : one)),
    ...(free.length > told.length ? [`and ${free.length - told.length} more`] : []),
  ];
  const lines: string[] = [];
  let line = "  free:";
  for (const word of words) {
    if (`${line} ${word}`.length > COLUMNS) {
      lines.push(line);
      line = "       ";
    }
    line += ` ${word}`;
  }
  return [...lines, line];
}
