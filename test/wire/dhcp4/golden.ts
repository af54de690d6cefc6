/** Golden packets: frames another program sent, as commented hex, beside the value they stand for. */
import { readdirSync, readFileSync } from "node:fs";
import { bytesOf, toHex } from "../../../src/base/hex.ts";
import { decodeDhcp4 } from "../../../src/wire/dhcp4/message.ts";
import { type ChecksumPolicy, decodeUdpFrame } from "../../../src/wire/ip/udp.ts";

/** What NAME.json holds. Bytes stand as {"hex": "..."}. */
export type GoldenValue = {
  readonly kind: "dhcp4-frame";
  readonly checksum: ChecksumPolicy;
  readonly frame: Readonly<Record<string, unknown>>;
  readonly message: Readonly<Record<string, unknown>>;
};
export type Golden = { readonly name: string; readonly text: string; readonly bytes: Uint8Array; readonly expected: GoldenValue };

const FOLDER = new URL("../../../fixtures/packets/", import.meta.url);

/** Every golden packet of this kind; the folder holds other kinds too. */
export function goldenPackets(): readonly Golden[] {
  const names = readdirSync(FOLDER)
    .filter((file) => file.endsWith(".json"))
    .map((file) => file.slice(0, -5));
  return names.toSorted().flatMap((name) => {
    const expected = JSON.parse(readFileSync(new URL(`${name}.json`, FOLDER), "utf8")) as GoldenValue;
    if (expected.kind !== "dhcp4-frame") return [];
    const text = readFileSync(new URL(`${name}.hex`, FOLDER), "utf8");
    return [{ name, text, bytes: bytesOf(text), expected }];
  });
}

/** The same shape as the file, from the bytes. */
export function valueOfFrame(bytes: Uint8Array, checksum: ChecksumPolicy): unknown {
  const { payload, ...frame } = decodeUdpFrame(bytes, { checksum });
  return jsonOf({ kind: "dhcp4-frame", checksum, frame, message: decodeDhcp4(payload) });
}

function jsonOf(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (_, part: unknown) => (part instanceof Uint8Array ? { hex: toHex(part) } : part)));
}
