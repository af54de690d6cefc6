/** A stand-in for the engine with a journal behind its fence: writes at a place, syncs, and answers itself in batches. */
import { fdatasyncSync, writeSync } from "node:fs";
import { enterFence } from "../../../src/platform/fence/enter.ts";
import { BATCH_META_BYTES, batchLayout, native } from "../../../src/platform/native.ts";

export type Journal = { readonly id: number; readonly emptyRoot: string };

const { id, emptyRoot }: Journal = JSON.parse(process.argv[2] ?? "");
/** Handed over by the test: a file, and a datagram socket pair. */
const [FILE, ONE, OTHER] = [4, 5, 6] as const;
const SHAPE = { slots: 4, dataSize: 64, controlSize: 8 };

const lacking = enterFence({ profile: "engine+journal", uid: id, gid: id, emptyRoot, ownUids: true });

writeSync(FILE, Buffer.from("record"), 0, 6, 4096);
fdatasyncSync(FILE);

const { handle, arena } = native().batchNew(SHAPE.slots, SHAPE.dataSize, SHAPE.controlSize);
const { metas } = batchLayout(SHAPE);
for (let slot = 0; slot < SHAPE.slots; slot++) new DataView(arena).setUint32(metas + slot * BATCH_META_BYTES, 5, true);
const sent = native().sendBatch(ONE, handle, 0, SHAPE.slots);
const received = native().recvBatch(OTHER, handle, SHAPE.slots, 0);

// Long enough that the compiler takes it up: it may, under this profile.
let sum = 0;
for (let i = 0; i < 5e6; i++) sum = (sum + (i ^ (sum << 1))) | 0;

console.log(JSON.stringify({ lacking, sent, received, compiled: Number.isInteger(sum) }));
process.exit(0);
