/** Octets as an operator writes them: text, or "hex:" and hexadecimal digits for what is no text. */
import { z } from "zod";
import { fromHex, toHex } from "../base/hex.ts";

const HEX = "hex:";
const HINT = 'text, or "hex:" and hexadecimal digits: "hex:01:0a:ff"';

/** @returns undefined where digits are missing or are none */
export function octetsOf(text: string): Uint8Array | undefined {
  return text.startsWith(HEX) ? fromHex(text.slice(HEX.length).replaceAll(":", "")) : new TextEncoder().encode(text);
}

/** How octets are printed: as text where they are printable and read back as they were. */
export function textOfOctets(octets: Uint8Array): string {
  const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(octets);
  const plain = !text.startsWith(HEX) && !/[\ufffd\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cn}]/u.test(text);
  return plain ? text : `${HEX}${toHex(octets)}`;
}

/** The octets an option carries, as hexadecimal without "hex:". */
export function hexOf(text: string): string {
  return toHex(octetsOf(text) ?? new Uint8Array(0));
}

/** @param least one octet: an option of DHCPv4 without any is none (RFC 2132 §2) */
export function octets(most: number, least = 1) {
  return z.string().superRefine((text, context) => {
    const value = octetsOf(text);
    const wrong =
      value === undefined
        ? "these are no hexadecimal digits"
        : value.length < least
          ? "this is empty"
          : value.length > most
            ? `this is longer than ${most} octets`
            : undefined;
    if (wrong !== undefined) context.addIssue({ code: "custom", message: wrong, params: { hint: HINT } });
  });
}
