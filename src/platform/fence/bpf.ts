/**
 * System-call rules as a classic BPF program, the form the kernel's seccomp takes.
 *
 * The program is a list: for each call a test of its number, then its cases, then the end. No case but those of the same
 * call is ever reached from there, so a mistake in one rule cannot open another. Conditions look at the low 32 bits of an
 * argument only: all that are conditioned on here are ints or flag words whose upper half the kernel ignores.
 */
import { assert } from "../../base/errors.ts";
import { type Architecture, AUDIT_ARCHITECTURE, type SyscallName, syscallNumber, X32_BIT } from "./syscalls.ts";

/** `allow`, or the errno with which the call returns without having run. */
export type Answer = "allow" | { readonly errno: number };
/** Holds when argument `argument` (from 0), reduced to `mask`, is one of `is`. */
export type Condition = { readonly argument: number; readonly mask?: number; readonly is: readonly (number | "ownPid")[] };
/** The answer when all conditions hold. */
export type Case = { readonly when: readonly Condition[]; readonly answer: Answer };
/** The first case that holds decides; when none does the process is killed. */
export type Rule = { readonly name: SyscallName; readonly cases: readonly Case[] };

export type FilterRequest = { readonly rules: readonly Rule[]; readonly architecture: Architecture; readonly pid: number };

/** seccomp's return values, linux/seccomp.h. */
export const RETURN = { allow: 0x7fff0000, errno: 0x00050000, killProcess: 0x80000000 } as const;
/** The instructions used, linux/bpf_common.h: code words of load, and, jumps and return. */
export const OP = { load: 0x20, and: 0x54, jumpIfEqual: 0x15, jumpIfAtLeast: 0x35, answer: 0x06 } as const;
/** Offsets in `struct seccomp_data`. */
export const DATA = { number: 0, architecture: 4, arguments: 16 } as const;
const INSTRUCTION_BYTES = 8;
/** BPF_MAXINSNS */
const INSTRUCTIONS_MAX = 4096;

/** A line of the program: where a jump names no label it goes to the next line. */
type Line = { readonly code: number; readonly k: number; readonly yes?: string; readonly no?: string } | { readonly label: string };

/** @returns the program as `struct sock_filter[]`; what no rule names ends the process with SIGSYS */
export function buildFilter({ rules, architecture, pid }: FilterRequest): Uint8Array {
  assert(new Set(rules.map(({ name }) => name)).size === rules.length, "one rule a call");
  return assemble([
    { code: OP.load, k: DATA.architecture },
    { code: OP.jumpIfEqual, k: AUDIT_ARCHITECTURE[architecture], yes: "known" },
    { code: OP.answer, k: RETURN.killProcess },
    { label: "known" },
    { code: OP.load, k: DATA.number },
    { code: OP.jumpIfAtLeast, k: X32_BIT, no: "native" },
    { code: OP.answer, k: RETURN.killProcess },
    { label: "native" },
    ...rules.flatMap((rule) => ruleLines(rule, architecture, pid)),
    { code: OP.answer, k: RETURN.killProcess },
  ]);
}

/** For asking a kernel whether it takes filters at all. */
export const ALLOW_ALL = assemble([{ code: OP.answer, k: RETURN.allow }]);

function ruleLines({ name, cases }: Rule, architecture: Architecture, pid: number): readonly Line[] {
  const past = `past ${name}`;
  const ended = cases.some(({ when }) => when.length === 0) ? [] : [{ code: OP.answer, k: RETURN.killProcess }];
  return [
    { code: OP.jumpIfEqual, k: syscallNumber(name, architecture), no: past },
    ...cases.flatMap((one, index) => caseLines(one, `${name} case ${index}`, pid)),
    ...ended,
    { label: past },
  ];
}

function caseLines({ when, answer }: Case, label: string, pid: number): readonly Line[] {
  const failed = `${label} failed`;
  return [
    ...when.flatMap((condition, index) => conditionLines(condition, `${label} condition ${index}`, failed, pid)),
    { code: OP.answer, k: answer === "allow" ? RETURN.allow : RETURN.errno | answer.errno },
    { label: failed },
  ];
}

function conditionLines({ argument, mask, is }: Condition, label: string, failed: string, pid: number): readonly Line[] {
  assert(is.length > 0, "a condition names at least one value");
  const holds = `${label} holds`;
  const values = is.map((value) => (value === "ownPid" ? pid : value));
  return [
    { code: OP.load, k: DATA.arguments + 8 * argument },
    ...(mask === undefined ? [] : [{ code: OP.and, k: mask }]),
    ...values.map((k, index) => ({ code: OP.jumpIfEqual, k, yes: holds, ...(index === values.length - 1 ? { no: failed } : {}) })),
    { label: holds },
  ];
}

/** Resolves labels. Jumps go forward, by at most 255 lines: the kernel knows no others. */
function assemble(lines: readonly Line[]): Uint8Array {
  const places = new Map<string, number>();
  let count = 0;
  for (const line of lines) {
    if (!("label" in line)) count++;
    else if (places.has(line.label)) throw new Error(`label ${line.label} stands twice`);
    else places.set(line.label, count);
  }
  assert(count <= INSTRUCTIONS_MAX, "a filter has at most 4096 instructions");
  const program = new Uint8Array(count * INSTRUCTION_BYTES);
  const view = new DataView(program.buffer);
  let at = 0;
  for (const line of lines) {
    if ("label" in line) continue;
    view.setUint16(at * INSTRUCTION_BYTES, line.code, true);
    view.setUint8(at * INSTRUCTION_BYTES + 2, distance(places, line.yes, at));
    view.setUint8(at * INSTRUCTION_BYTES + 3, distance(places, line.no, at));
    view.setUint32(at * INSTRUCTION_BYTES + 4, line.k, true);
    at++;
  }
  return program;
}

function distance(places: ReadonlyMap<string, number>, label: string | undefined, from: number): number {
  if (label === undefined) return 0;
  const lines = (places.get(label) ?? -1) - from - 1;
  assert(lines >= 0 && lines <= 255, `a jump to ${label} is forward and short`);
  return lines;
}
