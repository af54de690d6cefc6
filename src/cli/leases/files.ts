/** `leasehold leases export` and `import`: files that are read and written with the rights of whoever calls. */
import { closeSync, openSync, readFileSync, renameSync, rmSync, writeSync } from "node:fs";
import { type Command, Option } from "commander";
import { asciiJson, escapeText } from "../../base/text.ts";
import { LIMITS } from "../../base/limits.ts";
import type { Lease, LeaseOutcome } from "../../ports/leases.ts";
import { asking, type Common } from "../asking.ts";
import { EXIT, finish, jsonLine, print, write } from "../output.ts";
import { exportEnd, exportHead, formatOf, LEASE_FORMATS, type LeaseFormat, readLeases } from "./formats.ts";
import type { ReadLeases } from "./read-leases.ts";
import { pages, Progress } from "./reading.ts";
import { change, OUTCOME_WORDS } from "./writing.ts";
import { leaseName } from "./words.ts";

type ImportOptions = Common & { readonly format?: LeaseFormat; readonly interface?: string };
/** Bytes of leases in one request: what a request may have, less its frame. */
const BATCH_BYTES = LIMITS.controlRequestBytes - 4096;
/** Not taken, and nothing is amiss: what is there already, and what nobody needs. */
const HARMLESS: readonly LeaseOutcome[] = ["done", "known", "over"];
/** Refused leases that are named. */
const SAMPLES = 10;

export function fileCommands(leases: Command): void {
  asking(leases.command("export").description("write all leases as lines of JSON").argument("[file]", "where to; - is standard output", "-"))
    .addHelpText(
      "after",
      "\nThe first line says format and version, the last one how many there were. A file is 0600 and has its name when it is whole.\nExit codes: 0 all are written, 1 the file could not be written, 3 nobody runs.",
    )
    .action(exported);
  asking(leases.command("import").description("take in leases of another server, or of another time").argument("<file>", "- is standard input"))
    .addOption(
      new Option("--format <FORMAT>", "what it is: our export, Kea's kea-leases6.csv, ISC's dhcpd6.leases; without this its beginning tells").choices(
        [...LEASE_FORMATS],
      ),
    )
    .option("--interface <NAME>", "the link of all of them; without this the one that our export names, or that has a place for them")
    .addHelpText(
      "after",
      "\nOnly root may change leases. The file is read with your rights, while the server goes on. Each lease is taken only when a link that is\nserved has a place for it, and nobody else holds it; doing it twice does no harm.\nExit codes: 0 all that still hold are there, 1 some were refused or not understood, 2 the file could not be read, 3 nobody runs.",
    )
    .action(imported);
}

async function exported(file: string, options: Common): Promise<never> {
  const unfinished = `${file}.unfinished`;
  const out = file === "-" ? undefined : attempt(() => openSync(unfinished, "w", 0o600));
  const put = (lines: readonly string[]): void => {
    const text = lines.map((line) => `${line}\n`).join("");
    if (out === undefined) write(1, text);
    else attempt(() => writeAll(out, text), unfinished);
  };
  const progress = new Progress("leases written");
  let count = -1;
  for await (const { leases, nowSeconds } of pages(options, {})) {
    if (count === -1) put([jsonLine(exportHead(nowSeconds))]);
    count = Math.max(0, count) + leases.length;
    put(leases.map((lease) => asciiJson(JSON.stringify(lease))));
    progress.add(leases.length);
  }
  put([jsonLine(exportEnd(count))]);
  if (out === undefined) process.exit(EXIT.done);
  attempt(() => closeSync(out), unfinished);
  attempt(() => renameSync(unfinished, file), unfinished);
  return finish(EXIT.done, `${count} leases are in ${escapeText(file)}`);
}

async function imported(file: string, options: ImportOptions): Promise<never> {
  const text = readable(file);
  const format = options.format ?? formatOf(text);
  if (format === undefined)
    return finish(EXIT.usage, `${escapeText(file)}: this is no file of leases that we know\n  hint: --format ${LEASE_FORMATS.join(", ")}`);
  const read = readLeases(text, format, options.interface ?? "");
  const refused: { readonly lease: Lease; readonly outcome: LeaseOutcome }[] = [];
  const counts: Record<string, number> = {};
  const progress = new Progress(`of ${read.leases.length} leases looked at`);
  for (const batch of batchesOf(read.leases)) {
    const outcomes = await change(options, { put: batch });
    for (const [i, lease] of batch.entries()) {
      const outcome = outcomes[i] ?? "absent";
      counts[outcome] = (counts[outcome] ?? 0) + 1;
      if (!HARMLESS.includes(outcome)) refused.push({ lease, outcome });
    }
    progress.add(batch.length);
  }
  return tell({ file, format, read, refused, counts }, options);
}

function tell(
  {
    file,
    format,
    read,
    refused,
    counts,
  }: {
    readonly file: string;
    readonly format: LeaseFormat;
    readonly read: ReadLeases;
    readonly refused: readonly { readonly lease: Lease; readonly outcome: LeaseOutcome }[];
    readonly counts: Readonly<Record<string, number>>;
  },
  options: Common,
): never {
  const code = refused.length + read.unreadable.length > 0 ? EXIT.failed : EXIT.done;
  const named = refused.map(({ lease, outcome }) => ({ lease: leaseName(lease), outcome }));
  if (options.json === true) return finish(code, jsonLine({ file, format, outcomes: counts, refused: named, unreadable: read.unreadable }), 1);
  for (const { line, what } of read.unreadable.slice(0, SAMPLES)) print(2, escapeText(`${file}:${line}: ${what}`));
  for (const { lease, outcome } of named.slice(0, SAMPLES)) print(2, escapeText(`${lease}: ${OUTCOME_WORDS[outcome as LeaseOutcome]}`));
  const more = Math.max(0, named.length - SAMPLES) + Math.max(0, read.unreadable.length - SAMPLES);
  if (more > 0) print(2, `and ${more} more; --json tells all`);
  const { done = 0, known = 0, over = 0 } = counts;
  return finish(
    code,
    `${read.leases.length} leases of ${escapeText(file)} (${format}): ${done} taken in, ${known} were there, ${over} are over, ${refused.length} refused; lines not understood: ${read.unreadable.length}`,
    1,
  );
}

/** As many as one request may have, and hold. */
function* batchesOf(leases: readonly Lease[]): Generator<readonly Lease[]> {
  let batch: Lease[] = [];
  let bytes = 0;
  for (const lease of leases) {
    const more = JSON.stringify(lease).length + 1;
    if (batch.length === LIMITS.leaseChanges || (batch.length > 0 && bytes + more > BATCH_BYTES)) {
      yield batch;
      [batch, bytes] = [[], 0];
    }
    batch.push(lease);
    bytes += more;
  }
  if (batch.length > 0) yield batch;
}

function readable(file: string): string {
  try {
    return readFileSync(file === "-" ? 0 : file, "utf8");
  } catch (error) {
    return finish(EXIT.usage, escapeText(error instanceof Error ? error.message : String(error)));
  }
}

function writeAll(fd: number, text: string): void {
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
}

/** What the file system refuses ends the command. @param unfinished a file that then goes */
function attempt<T>(act: () => T, unfinished?: string): T {
  try {
    return act();
  } catch (error) {
    if (unfinished !== undefined) rmSync(unfinished, { force: true });
    return finish(EXIT.failed, escapeText(error instanceof Error ? error.message : String(error)));
  }
}
