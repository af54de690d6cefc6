/** Messages between roles as a fuzz target: read as every receiver each of them may have. */
import assert from "node:assert/strict";
import { decodeAll, encodeAll } from "../../src/base/codec.ts";
import { WireError } from "../../src/base/errors.ts";
import { CATALOGUE, type CatalogueName } from "../../src/roles/messages/catalogue.ts";
import { MESSAGE_SAMPLES } from "../roles/message-samples.ts";
import { type AnyEntry, encodeMessage, type MessageEntry, MessageReader, type RoleName } from "../../src/roles/messages/message.ts";

const ENTRIES = Object.entries(CATALOGUE) as unknown as readonly (readonly [CatalogueName, AnyEntry])[];
const START = { main: "start", other: "ready" } as const;

const encoded = (name: CatalogueName): Uint8Array => encodeMessage(CATALOGUE[name] as unknown as MessageEntry<unknown>, 9, MESSAGE_SAMPLES[name]);

/** @throws WireError when no receiver takes it; anything else is a finding */
function check(message: Uint8Array): void {
  let refusal = new WireError("unsupported", 0);
  for (const [, entry] of ENTRIES) {
    for (const from of entry.from) {
      for (const to of entry.to) {
        const outcome = readAs(message, entry.descriptors, from, to);
        if (outcome === undefined) return;
        if (outcome.code !== "unsupported") refusal = outcome;
      }
    }
  }
  throw refusal;
}

function readAs(message: Uint8Array, descriptors: number, from: RoleName, to: RoleName): WireError | undefined {
  const reader = new MessageReader(CATALOGUE, from, to);
  const start = START[from === "main" ? "main" : "other"];
  if (CATALOGUE[start].to.some((role) => role === to)) reader.read(encoded(start), []);
  const before = reader.state;
  const numbers = Array.from({ length: descriptors }, (_, i) => i + 3);
  let read: ReturnType<typeof reader.read>;
  try {
    read = reader.read(message, numbers);
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    assert.equal(reader.state, before, "a refused message moved the channel");
    return error;
  }
  const { body } = CATALOGUE[read.kind] as unknown as MessageEntry<unknown>;
  assert.deepEqual(decodeAll(body, encodeAll(body, read.body)), read.body, "what was read is written as something else");
  return undefined;
}

export const roleMessages = { samples: (): readonly Uint8Array[] => ENTRIES.map(([name]) => encoded(name)), check };
