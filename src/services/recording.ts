/**
 * Recordings: what a machine was told and what it made of it, as lines of JSON. The first line says which machine began in which state;
 * each further line is one step with its moment and a digest of the state and the effects that came out. Servers draw no chance:
 * their steps have no entropy.
 *
 *   {"format":"leasehold-recording","version":1,"machine":"uplink4","initial":{...}}
 *   {"event":{...},"now":1234.5,"entropy":{"$":"bytes","hex":"00..."},"digest":"0123456789abcdef"}
 *
 * JSON has no bytes, no infinity and no undefined: these are objects whose only telling key is "$". One codec does both ways.
 */
import { Entropy, ENTROPY_BYTES } from "../base/entropy.ts";
import { fromHex, toHex } from "../base/hex.ts";
import { instant } from "../base/time.ts";
import type { Machine } from "../machines/machine.ts";
import type { Observed, Recorded } from "./driver.ts";

export type RecordedStep<E> = Recorded<E> & { readonly digest: string };
export type Recording<S, E> = { readonly machine: string; readonly initial: S; readonly steps: readonly RecordedStep<E>[] };
export type Replayed = {
  readonly steps: number;
  readonly differs: { readonly step: number; readonly recorded: string; readonly replayed: string } | undefined;
};

const FORMAT = "leasehold-recording";
const VERSION = 1;
const TAG = "$";
const NO_ENTROPY = new Uint8Array(ENTROPY_BYTES);

/** A file that is no recording; `line` counts from 1. */
export class RecordingError extends Error {
  readonly line: number;
  constructor(what: string, line: number) {
    super(`line ${line}: ${what}`);
    this.name = "RecordingError";
    this.line = line;
  }
}

/** @returns undefined when nothing has happened yet */
export function recordingOf<S, E, F>(machine: string, observed: readonly Observed<S, E, F>[]): Recording<S, E> | undefined {
  const [first] = observed;
  if (first === undefined) return undefined;
  return { machine, initial: first.before, steps: observed.map(({ step, after, effects }) => ({ ...step, digest: digestOf(after, effects) })) };
}

export function encodeRecording<S, E>({ machine, initial, steps }: Recording<S, E>): string {
  return [headLine(machine, initial), ...steps.map(encodeValue)].map((line) => `${line}\n`).join("");
}

export function headLine(machine: string, initial: unknown): string {
  return encodeValue({ format: FORMAT, version: VERSION, machine, initial });
}

/** The machine's own types are taken on trust: whatever a recording says is only ever stepped through, and compared. @throws RecordingError */
export function decodeRecording<S, E>(text: string): Recording<S, E> {
  const [header, ...lines] = text.split("\n").filter((line) => line !== "");
  const { format, version, machine, initial } = objectIn(header ?? "", 1);
  if (format !== FORMAT || version !== VERSION || typeof machine !== "string") throw new RecordingError("not a recording this version reads", 1);
  const steps = lines.map((line, i): RecordedStep<E> => {
    const { event, now, entropy = NO_ENTROPY, digest } = objectIn(line, i + 2);
    const sound = typeof now === "number" && entropy instanceof Uint8Array && entropy.length === ENTROPY_BYTES && typeof digest === "string";
    if (!sound) throw new RecordingError("not a step", i + 2);
    return { event: event as E, now: instant(now), entropy, digest };
  });
  return { machine, initial: initial as S, steps };
}

/** Steps the machine through a recording. @returns where its state or effects first differ; a machine that throws differs there */
export function replay<S, E, F>(machine: Pick<Machine<S, E, F>, "step">, { initial, steps }: Recording<S, E>): Replayed {
  let state = initial;
  for (const [i, { event, now, entropy, digest }] of steps.entries()) {
    let replayed: string;
    try {
      const stepped = machine.step(state, event, { now, entropy: new Entropy(entropy) });
      state = stepped.state;
      replayed = digestOf(state, stepped.effects);
    } catch (error) {
      replayed = String(error);
    }
    if (replayed !== digest) return { steps: steps.length, differs: { step: i + 1, recorded: digest, replayed } };
  }
  return { steps: steps.length, differs: undefined };
}

/** 64 bits over the canonical text of state and effects: against accidents, not against attackers. */
export function digestOf(state: unknown, effects: unknown): string {
  const text = encodeValue({ effects, state });
  let [a, b] = [0xdeadbeef, 0x41c6ce57];
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    a = Math.imul(a ^ unit, 0x9e3779b1);
    b = Math.imul(b ^ unit, 0x5f356495);
  }
  a = Math.imul(a ^ (a >>> 16), 0x85ebca6b) ^ Math.imul(b ^ (b >>> 13), 0xc2b2ae35);
  b = Math.imul(b ^ (b >>> 16), 0x85ebca6b) ^ Math.imul(a ^ (a >>> 13), 0xc2b2ae35);
  return [a, b].map((half) => (half >>> 0).toString(16).padStart(8, "0")).join("");
}

/** One line; keys in order, so that equal values are equal text. */
export function encodeValue(value: unknown): string {
  return JSON.stringify(tagged(value));
}

/** @throws SyntaxError when the text is not JSON or holds an unknown tag */
export function decodeValue(text: string): unknown {
  return untagged(JSON.parse(text));
}

function tagged(value: unknown): unknown {
  if (value === undefined) return { [TAG]: "undefined" };
  if (value instanceof Uint8Array) return { [TAG]: "bytes", hex: toHex(value) };
  if (typeof value === "number" && (!Number.isFinite(value) || Object.is(value, -0)))
    return { [TAG]: "number", text: Object.is(value, -0) ? "-0" : String(value) };
  if (Array.isArray(value)) return value.map(tagged);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, member]) => [key, tagged(member)]),
  );
}

function untagged(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(untagged);
  if (typeof value !== "object" || value === null) return value;
  const { [TAG]: tag, hex, text } = value as Readonly<Record<string, unknown>>;
  if (tag === undefined) return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, untagged(member)]));
  const bytes = tag === "bytes" && typeof hex === "string" ? fromHex(hex) : undefined;
  if (bytes !== undefined) return bytes;
  if (tag === "number" && typeof text === "string") return Number(text);
  if (tag === "undefined") return undefined;
  throw new SyntaxError("unknown tag");
}

function objectIn(line: string, number: number): Readonly<Record<string, unknown>> {
  try {
    const value = decodeValue(line);
    if (typeof value === "object" && value !== null) return value as Record<string, unknown>;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new RecordingError("not an object of JSON", number);
}
