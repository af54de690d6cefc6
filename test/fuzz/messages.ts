/** Messages between roles as a fuzz target: read as every receiver each of them may have. */
import assert from "node:assert/strict";
import { decodeAll, encodeAll } from "../../src/base/codec.ts";
import { WireError } from "../../src/base/errors.ts";
import { CATALOGUE, type CatalogueName } from "../../src/roles/messages/catalogue.ts";
import { type AnyEntry, encodeMessage, type MessageEntry, MessageReader, type RoleName } from "../../src/roles/messages/message.ts";

const ENTRIES = Object.entries(CATALOGUE) as unknown as readonly (readonly [CatalogueName, AnyEntry])[];
const route = { destination: "198.51.100.0/24", gateway: "192.0.2.1" };
const bytes = Uint8Array.of(123, 125, 10);

/** Bodies with something in every field, of the layouts that are more than a few numbers. */
const BODIES: Partial<Record<CatalogueName, unknown>> = {
  ready: { role: "frontend", lacking: ["Landlock"] },
  logRecord: { level: "info", event: "transition", fields: [{ name: "interface", value: "wan0" }] },
  uplink4Config: { interfaces: [{ name: "wan0", hostName: "gw", clientId: "01020000000001", retransmitSeconds: 4, denyServers: ["192.0.2.66"] }] },
  storedLease: { name: "wan0", record: bytes },
  openPacketSocket: { link: 3, name: "wan0" },
  closePacketSocket: { link: 3, name: "wan0" },
  configureUplink: { link: 3, name: "wan0", address: "192.0.2.10", prefixLength: 24, validSeconds: 3600, routes: [route] },
  deconfigureUplink: { link: 3, name: "wan0" },
  saveLease: { name: "wan0", record: bytes },
  forgetLease: { name: "wan0" },
  kernelFailed: { name: "wan0", what: "configureUplink", errno: 19 },
  frames: {
    link: 3,
    dropped: 2,
    frames: [
      { checksum: "verify", bytes },
      { checksum: "offloaded", bytes },
    ],
  },
  broadcast: { link: 3, from: "02:00:00:00:00:01", payload: bytes },
  unicast: { link: 3, mac: "02:00:00:00:00:01", from: "192.0.2.10", to: "192.0.2.1", payload: bytes },
};
const START = { main: "start", other: "ready" } as const;

const encoded = (name: CatalogueName, body: unknown): Uint8Array => encodeMessage(CATALOGUE[name] as unknown as MessageEntry<unknown>, 9, body);

/** A header alone for the rest: numbers behind it are what mutation finds. */
function sampleOf(name: CatalogueName, { type }: AnyEntry): Uint8Array {
  const body = BODIES[name];
  if (body !== undefined) return encoded(name, body);
  const header = new Uint8Array(24);
  header[1] = type;
  return header;
}

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
  if (CATALOGUE[start].to.some((role) => role === to)) reader.read(encoded(start, start === "ready" ? BODIES.ready : true), []);
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

export const roleMessages = { samples: (): readonly Uint8Array[] => ENTRIES.map(([name, entry]) => sampleOf(name, entry)), check };
