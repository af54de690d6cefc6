/** Records of interfaces that an engine keeps with main: leases, and what hosts were told. */
import type { Incoming } from "../connection.ts";
import type { EngineName } from "../messages/message.ts";
import { isRecord } from "./guard.ts";
import type { Tools } from "./office.ts";
import type { StateFolder } from "./state-folder.ts";

/** Writes or removes a record of a configured interface; anything else is refused and counted. */
export function keepRecord(
  tools: Tools,
  folder: StateFolder,
  interfaces: ReadonlySet<string>,
  message: Extract<Incoming, { readonly kind: "saveLease" | "forgetLease" }>,
): void {
  const { kind, body, generation } = message;
  if (generation !== tools.generation()) return tools.refused.add(`${kind}.generation`);
  if (!interfaces.has(body.name)) return tools.refused.add(`${kind}.name`);
  if (kind === "forgetLease") return folder.remove(body.name);
  if (!isRecord(message.body.record)) return tools.refused.add("saveLease.record");
  folder.save(body.name, message.body.record);
}

/** Tells an engine what it had kept. */
export function handRecords(tools: Tools, engine: EngineName, folder: StateFolder, interfaces: Iterable<string>): void {
  for (const name of interfaces) {
    const record = folder.load(name);
    if (record !== undefined)
      tools.children.to(engine)?.send("storedLease", { name, record: new Uint8Array(record) }, { generation: tools.generation() });
  }
}
