/** The one function through which text from a network or a directory reaches a terminal, a file or a page. */

/** Control characters, direction overrides and other invisible characters become \u{..}; a backslash is doubled. */
export function escapeText(text: string): string {
  return text.replace(/[\\\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}]/gu, (char) =>
    char === "\\" ? "\\\\" : `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`,
  );
}

/** Bytes that should be text: UTF-8 where it is, \xNN for every other byte, then escaped. */
export function escapeBytes(bytes: Uint8Array): string {
  const text = new TextDecoder("utf-8").decode(bytes);
  if (!text.includes("\ufffd")) return escapeText(text);
  return Array.from(bytes, (byte) =>
    byte >= 0x20 && byte < 0x7f && byte !== 0x5c ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, "0")}`,
  ).join("");
}

/** JSON text in printable ASCII: everything else can only stand inside its strings, and is written as \uXXXX there. The value is the same. */
export function asciiJson(json: string): string {
  return json.replace(/[^\x20-\x7e]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
