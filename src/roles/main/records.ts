/** Records of interfaces that an engine keeps with main: leases, and what hosts were told. */
import type { Incoming } from "../connection.ts";
import type { EngineName } from "../messages/message.ts";
import { isRecord } from "./guard.ts";
import { attempt, type Tools } from "./office.ts";
import type { StateFolder } from "./state-folder.ts";

type RecordRequest = Extract<Incoming, { readonly kind: "saveLease" | "forgetLease" }>;

/** Writes or removes a record of a configured interface; anything else is refused and counted, and a full disk is said. */
export function keepRecord(
  tools: Tools,
  { engine, folder, interfaces }: { readonly engine: EngineName; readonly folder: StateFolder; readonly interfaces: ReadonlySet<string> },
  message: RecordRequest,
): void {
  const why = recordRefusal(message, { generation: tools.generation(), interfaces });
  if (why !== undefined) return tools.refused.add(why);
  attempt(tools, engine, { what: message.kind, name: message.body.name }, () => {
    if (message.kind === "saveLease") folder.save(message.body.name, message.body.record);
    else folder.remove(message.body.name);
  });
}

/** @returns the field that is refused, or undefined when the record may be written or removed */
export function recordRefusal(
  message: RecordRequest,
  known: { readonly generation: number; readonly interfaces: ReadonlySet<string> },
): string | undefined {
  const { kind, body, generation } = message;
  if (generation !== known.generation) return `${kind}.generation`;
  if (!known.interfaces.has(body.name)) return `${kind}.name`;
  return kind === "saveLease" && !isRecord(message.body.record) ? "saveLease.record" : undefined;
}

/** Tells an engine what it had kept. */
export function handRecords(tools: Tools, engine: EngineName, folder: StateFolder, interfaces: Iterable<string>): void {
  for (const name of interfaces)
    attempt(tools, engine, { what: "storedLease", name }, () => {
      const record = folder.load(name);
      if (record !== undefined)
        tools.children.to(engine)?.send("storedLease", { name, record: new Uint8Array(record) }, { generation: tools.generation() });
    });
}
