/** A value as JSON in printable ASCII: what files, hooks and watchers get. Text of a stranger's cannot leave its quotes. */

/** @param indent for a file that people open: a line for each field */
export function jsonRecord(value: unknown, { indent = 0 }: { readonly indent?: number } = {}): Uint8Array {
  const text = JSON.stringify(value, undefined, indent).replace(
    /[^\x20-\x7e\n]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  return new TextEncoder().encode(`${text}\n`);
}
