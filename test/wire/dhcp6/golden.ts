/** Golden packets over IPv6: frames another program sent, as commented hex, beside the value they stand for. */
import { readdirSync, readFileSync } from "node:fs";
import { bytesOf, toHex } from "../../../src/base/hex.ts";
import { decodeDhcp6 } from "../../../src/wire/dhcp6/message.ts";
import { decodeIcmp6 } from "../../../src/wire/icmp6/message.ts";
import { decodeIpv6Frame, decodeUdp6 } from "./frame.ts";

type Kind = "dhcp6-frame" | "icmp6-frame";
/** What NAME.json holds. Bytes stand as {"hex": "..."}. */
export type GoldenValue = {
  readonly kind: Kind;
  readonly checksum: "verify" | "offloaded";
  readonly frame: Readonly<Record<string, unknown>>;
  readonly message: Readonly<Record<string, unknown>>;
};
export type Golden = { readonly name: string; readonly text: string; readonly bytes: Uint8Array; readonly expected: GoldenValue };

const FOLDER = new URL("../../../fixtures/packets/", import.meta.url);

/** Every golden packet of this kind; the folder holds other kinds too. */
export function goldenPackets(kind: Kind): readonly Golden[] {
  const names = readdirSync(FOLDER)
    .filter((file) => file.endsWith(".json"))
    .map((file) => file.slice(0, -5));
  return names.toSorted().flatMap((name) => {
    const expected = JSON.parse(readFileSync(new URL(`${name}.json`, FOLDER), "utf8")) as GoldenValue;
    if (expected.kind !== kind) return [];
    const text = readFileSync(new URL(`${name}.hex`, FOLDER), "utf8");
    return [{ name, text, bytes: bytesOf(text), expected }];
  });
}

/** The same shape as the file, from the bytes. */
export function valueOfFrame(bytes: Uint8Array, { kind, checksum }: Pick<GoldenValue, "kind" | "checksum">): unknown {
  const whole = decodeIpv6Frame(bytes);
  const { payload, ...frame } = whole;
  if (kind === "icmp6-frame") return jsonOf({ kind, checksum, frame, message: decodeIcmp6(payload, whole, { checksum }) });
  const { payload: message, ...ports } = decodeUdp6(whole, { checksum });
  return jsonOf({ kind, checksum, frame: { ...frame, ...ports }, message: decodeDhcp6(message) });
}

function jsonOf(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (_, part: unknown) => (part instanceof Uint8Array ? { hex: toHex(part) } : part)));
}
