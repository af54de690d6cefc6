/** Domain names: text without the final dot, letters, digits, hyphens and underscores only, case kept as sent. */
import type { Branded } from "./brand.ts";
import type { Codec } from "./codec.ts";
import type { Reader } from "./cursor.ts";
import { WireError } from "./errors.ts";

/** "host.example.net": labels of 1 to 63 characters, 253 in all, no control character can be in it. */
export type DomainName = Branded<string, "DomainName">;

export const LABEL_BYTES = 63;
const NAME_CHARACTERS = 253;
const LABEL = /^[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?$/;

/** One final dot is taken off. @returns undefined when it is no name (RFC 952, RFC 1123 §2.1, and underscores) */
export function parseDomainName(text: string): DomainName | undefined {
  const name = text.endsWith(".") ? text.slice(0, -1) : text;
  const sound = name.length <= NAME_CHARACTERS && name.split(".").every((label) => LABEL.test(label));
  return sound ? (name as DomainName) : undefined;
}

/** Labels to a name, or `bad-value`; `offset` is where the name began. */
export function nameOfLabels(labels: readonly string[], offset: number): DomainName {
  const name = labels.every((label) => LABEL.test(label)) ? parseDomainName(labels.join(".")) : undefined;
  if (name === undefined) throw new WireError("bad-value", offset);
  return name;
}

/** One label whose length byte was read. Bytes above 127 become characters that no name may hold. */
export function readLabel(reader: Reader, length: number): string {
  return String.fromCharCode(...reader.view(length));
}

/** Wire form without compression (RFC 1035 §3.1), ends with the root label. The root alone is a `bad-value`. */
export const domainName: Codec<DomainName> = {
  decode: (reader) => {
    const offset = reader.offset;
    const labels: string[] = [];
    for (;;) {
      const at = reader.offset;
      const length = reader.u8();
      if (length === 0) return nameOfLabels(labels, offset);
      if (length > LABEL_BYTES) throw new WireError(length >= 0xc0 ? "bad-pointer" : "bad-length", at);
      labels.push(readLabel(reader, length));
    }
  },
  encode: (writer, name) => {
    for (const label of name.split(".")) {
      writer.u8(label.length);
      writer.text(label);
    }
    writer.u8(0);
  },
};
