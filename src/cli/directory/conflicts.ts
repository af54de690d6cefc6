/**
 * Names that another service of systemd's userdb gives too: programs take whichever answers first. All that the others list is looked for
 * in ours; those that ask everybody themselves, and would tell us our own names, are left out.
 */
import { readdirSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";

const FOLDER = "/run/systemd/userdb";
const WHO_ASK_OTHERS: readonly string[] = ["io.systemd.Multiplexer", "io.systemd.NameServiceSwitch"];
const PATIENCE_MS = 3000;
const MOST_BYTES = 16 * 1024 * 1024;
const MOST_NAMES = 10_000;
const KINDS = [
  { kind: "user", method: "io.systemd.UserDatabase.GetUserRecord", field: "userName" },
  { kind: "group", method: "io.systemd.UserDatabase.GetGroupRecord", field: "groupName" },
] as const;

export type Conflict = { readonly service: string; readonly kind: "user" | "group"; readonly name: string };
type Entry = Readonly<Record<string, unknown>>;
type Kind = (typeof KINDS)[number];
type Asked = { readonly method: string; readonly parameters: Readonly<Record<string, string>>; readonly more: boolean };

/** @param own the name of our service */
export async function conflictsOf(own: string, folder: string = FOLDER): Promise<readonly Conflict[]> {
  const found: Conflict[] = [];
  for (const service of servicesIn(folder).filter((name) => name !== own && !WHO_ASK_OTHERS.includes(name)))
    for (const kind of KINDS)
      for (const name of await listed(folder, service, kind))
        if (await knows(folder, own, kind, name)) found.push({ service, kind: kind.kind, name });
  return found;
}

function servicesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

async function listed(folder: string, service: string, { method, field }: Kind): Promise<readonly string[]> {
  const records = await recordsOf(join(folder, service), { method, parameters: { service }, more: true });
  const names = records.map((record) => record[field]).filter((name) => typeof name === "string");
  return [...new Set(names)].slice(0, MOST_NAMES);
}

async function knows(folder: string, own: string, { method, field }: Kind, name: string): Promise<boolean> {
  return (await recordsOf(join(folder, own), { method, parameters: { service: own, [field]: name }, more: false })).length > 0;
}

/** What is no record is none: an error, a service that does not list, or one that does not answer. */
async function recordsOf(path: string, asked: Asked): Promise<readonly Entry[]> {
  return (await repliesOf(path, asked)).flatMap((text): readonly Entry[] => {
    try {
      const reply = JSON.parse(text) as { readonly parameters?: { readonly record?: Entry } } | null;
      const record = reply?.parameters?.record;
      return typeof record === "object" && record !== null ? [record] : [];
    } catch {
      return [];
    }
  });
}

/** Each ends with a NUL; those but the last say that others follow. */
function repliesOf(path: string, asked: Asked): Promise<readonly string[]> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const parts: Buffer[] = [];
    let bytes = 0;
    const end = (): void => {
      clearTimeout(impatient);
      socket.destroy();
      resolve(Buffer.concat(parts).toString("utf8").split("\0").slice(0, -1));
    };
    const impatient = setTimeout(end, PATIENCE_MS);
    socket.on("error", end).on("close", end);
    socket.on("connect", () => socket.write(`${JSON.stringify(asked)}\0`));
    socket.on("data", (part: Buffer) => {
      parts.push(part);
      bytes += part.length;
      if (bytes > MOST_BYTES || isLast(part)) end();
    });
  });
}

/** A reply that is cut in two just so is waited for in vain, and counts when patience ends. */
function isLast(part: Buffer): boolean {
  const text = part.toString("utf8");
  return text.endsWith("\0") && !/"continues"\s*:\s*true/.test(text.slice(0, -1).split("\0").at(-1) ?? "");
}
