/**
 * What strace saw of an engine's system calls, and whether any answer that promises something left before the record of it was durable.
 * Its order of lines is the order of events: a call stands where it was entered, and has returned where its result stands.
 */
import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { applyImage } from "../../src/services/leases/images.ts";
import { LeaseTable, STATE } from "../../src/services/leases/table.ts";
import { readFrame } from "../../src/wire/journal/frame.ts";
import { type Message6, readMessage6, type Resource, TYPE6 } from "./dhcp6-wire.ts";

/** One system call, its two lines joined. `enteredAt` and `returnedAt` count lines. */
export type Call = {
  readonly name: string;
  readonly text: string;
  readonly atSeconds: number;
  readonly enteredAt: number;
  readonly returnedAt: number;
};

/** Of every thread. @throws Error for a trace that does not say everything */
export async function callsIn(file: string): Promise<readonly Call[]> {
  const lines = createInterface({ input: createReadStream(file) });
  const calls: Call[] = [];
  const open = new Map<string, Omit<Call, "returnedAt">>();
  let line = 0;
  for await (const text of lines) {
    line++;
    const [, thread = "", at = "", rest = ""] = /^(\d+) +(\d+\.\d+) (.*)$/.exec(text) ?? [];
    const resumed = /^<\.\.\. (\w+) resumed>(.*)$/.exec(rest);
    if (resumed !== null) {
      const begun = open.get(thread);
      open.delete(thread);
      if (begun !== undefined && begun.name === resumed[1]) calls.push({ ...begun, text: `${begun.text}${resumed[2] ?? ""}`, returnedAt: line });
      continue;
    }
    const name = /^(\w+)\(/.exec(rest)?.[1];
    if (name === undefined) continue;
    const call = { name, atSeconds: Number(at), enteredAt: line, text: rest.replace(/ *<unfinished \.\.\.>$/, "") };
    if (rest.endsWith("<unfinished ...>")) open.set(thread, call);
    else calls.push({ ...call, returnedAt: line });
  }
  return calls;
}

/** One verdict each: answers that were covered by what was durable, and sentences about those that were not. */
export type Verdict = { readonly promises: number; readonly endings: number; readonly writes: number; readonly faults: readonly string[] };

type Event =
  | { readonly line: number; readonly kind: "asked"; readonly message: Message6 }
  | { readonly line: number; readonly kind: "said"; readonly message: Message6; readonly atSeconds: number }
  | { readonly line: number; readonly kind: "durable"; readonly bytes: Buffer };

const SLACK_SECONDS = 2;

/** @param calls of an engine that began with an empty journal */
export function judged(calls: readonly Call[]): Verdict {
  const events = eventsOf(calls).toSorted((a, b) => a.line - b.line);
  const table = new LeaseTable({ key: new Uint8Array(16), maxLeases: 1_000_000, maxRowsPerClient: 32 });
  const asked = new Map<string, Message6>();
  const faults: string[] = [];
  const count = { promises: 0, endings: 0, writes: 0 };
  for (const event of events) {
    if (event.kind === "durable") {
      count.writes++;
      applied(table, event.bytes);
    } else if (event.kind === "asked") asked.set(nameOf(event.message), event.message);
    else if (event.message.type === TYPE6.reply) {
      const question = asked.get(nameOf(event.message));
      const given = event.message.associations.flatMap((one) => one.given.filter(({ validSeconds }) => validSeconds > 0));
      const ended = question?.type === TYPE6.release ? question.associations.flatMap((one) => one.given) : [];
      if (given.length > 0) count.promises++;
      if (ended.length > 0) count.endings++;
      for (const { resource, validSeconds } of given) {
        const why = unkept(table, resource, event.message.clientId, event.atSeconds + validSeconds - SLACK_SECONDS);
        if (why !== undefined) faults.push(`line ${event.line}: ${resource} was promised and ${why}`);
      }
      for (const { resource } of ended) {
        if (unkept(table, resource, event.message.clientId, 0) === undefined)
          faults.push(`line ${event.line}: ${resource} was taken back and is still promised`);
      }
    }
  }
  return { ...count, faults };
}

function nameOf({ transaction, clientId }: Message6): string {
  return `${clientId} ${transaction}`;
}

/** Whether what is durable says that the client has it until then. @returns what it says instead */
function unkept(table: LeaseTable, resource: Resource, clientId: string, until: number): string | undefined {
  const [address = "", length = ""] = resource.split("/");
  const row = table.findAddress(Buffer.from(address, "hex"), 0, Number(length));
  if (row === -1) return "is in no durable record";
  const identifier = new Uint8Array(130);
  const holder = Buffer.from(identifier.subarray(0, table.copyIdentifier(row, identifier, 0))).toString("hex");
  if (holder !== clientId || table.state(row) !== STATE.bound) return `is durable as another's, or as over: ${holder} in state ${table.state(row)}`;
  return table.validUntilSeconds(row) >= until ? undefined : `is durable until ${table.validUntilSeconds(row)}, not ${until}`;
}

function applied(table: LeaseTable, bytes: Buffer): void {
  const frame = readFrame(bytes, 0);
  if (frame === undefined) throw new Error("what was written to the journal is no frame");
  for (let at = frame.from; at < frame.to; ) {
    const used = applyImage(table, bytes, at, frame.to);
    if (used === 0) throw new Error("what was written to the journal is no lease");
    at += used;
  }
}

function eventsOf(calls: readonly Call[]): readonly Event[] {
  const events: Event[] = [];
  /** What was written without waiting for the disk, by descriptor. */
  const unsynced = new Map<string, Buffer[]>();
  for (const call of calls.toSorted((a, b) => a.returnedAt - b.returnedAt)) {
    const [, descriptor = "", path = ""] = /^\w+\((\d+)<([^>]*)>/.exec(call.text) ?? [];
    if (WRITES.has(call.name) && /\/segment-\d+$/.test(octetsOf(path).toString())) {
      const bytes = octetsIn(call.text, call.name.startsWith("pwritev") ? "iov_base" : "");
      if (!call.text.endsWith(` = ${bytes.reduce((sum, one) => sum + one.length, 0)}`)) continue; // it failed, or was short
      if (/\bRWF_DSYNC\b/.test(call.text)) events.push(...bytes.map((one) => ({ line: call.returnedAt, kind: "durable" as const, bytes: one })));
      else unsynced.set(descriptor, [...(unsynced.get(descriptor) ?? []), ...bytes]);
    } else if ((call.name === "fdatasync" || call.name === "fsync") && call.text.endsWith(" = 0")) {
      for (const one of unsynced.get(descriptor) ?? []) events.push({ line: call.returnedAt, kind: "durable", bytes: one });
      unsynced.delete(descriptor);
    } else if (SENDS.has(call.name) && / = \d+$/.test(call.text) && call.text.includes("AF_INET6")) {
      for (const message of messagesIn(call)) events.push({ line: call.enteredAt, kind: "said", message, atSeconds: call.atSeconds });
    } else if (call.name === "recvmmsg" && / = \d+( \(.*\))?$/.test(call.text) && call.text.includes("AF_INET6")) {
      for (const message of messagesIn(call)) events.push({ line: call.returnedAt, kind: "asked", message });
    }
  }
  return events;
}
const WRITES: ReadonlySet<string> = new Set(["pwritev2", "pwritev", "pwrite64"]);
const SENDS: ReadonlySet<string> = new Set(["sendmmsg", "sendmsg", "sendto"]);

function messagesIn(call: Call): readonly Message6[] {
  return octetsIn(call.text, call.name === "sendto" ? "" : "iov_base").flatMap((bytes) => readMessage6(bytes) ?? []);
}

/** Strings in hexadecimal. @param field before them; "": any */
function octetsIn(text: string, field: string): readonly Buffer[] {
  const pattern = field === "" ? /"((?:\\x[0-9a-f]{2})*)"(\.\.\.)?/g : new RegExp(`${field}="((?:\\\\x[0-9a-f]{2})*)"(\\.\\.\\.)?`, "g");
  return [...text.matchAll(pattern)].map(([, octets = "", cut]) => {
    if (cut !== undefined) throw new Error("the trace does not hold all that was sent and written");
    return octetsOf(octets);
  });
}

/** As `strace -xx` writes them. */
function octetsOf(text: string): Buffer {
  return Buffer.from(text.replaceAll("\\x", ""), "hex");
}
