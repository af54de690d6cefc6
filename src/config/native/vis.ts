/** The escapes of vis(3), in which octets stand in native files as text. One character is one octet. */

const LETTERS: Readonly<Record<string, number>> = { n: 10, r: 13, b: 8, a: 7, v: 11, t: 9, f: 12, s: 32, E: 27, "\\": 92 };
/** `\$` and an escaped end of line stand for nothing. */
const HIDDEN = ["$", "\n"];
const DELETE = 0x7f;
const META = 0x80;

/** @returns undefined when an escape is none */
export function unvis(text: string): Uint8Array | undefined {
  const octets: number[] = [];
  for (let at = 0; at < text.length; ) {
    if (text[at] !== "\\") {
      octets.push(text.charCodeAt(at) & 0xff);
      at++;
      continue;
    }
    const read = escapeAt(text, at + 1);
    if (read === undefined) return undefined;
    if (read.octet !== undefined) octets.push(read.octet);
    at = read.end;
  }
  return Uint8Array.from(octets);
}

/** Letters, digits and what is harmless as they are, everything else in octal. */
export function vis(octets: Uint8Array): string {
  return Array.from(octets, (octet) => {
    const character = String.fromCharCode(octet);
    return /[A-Za-z0-9 !%&()*+,./:;<=>?@[\]^_`{|}~-]/.test(character) ? character : octalEscape(octet);
  }).join("");
}

export function octalEscape(octet: number): string {
  return `\\${octet.toString(8).padStart(3, "0")}`;
}

type Escape = { readonly octet: number | undefined; readonly end: number };

/** The escape whose backslash stands before `at`. */
function escapeAt(text: string, at: number): Escape | undefined {
  const first = text.charAt(at);
  const [octal] = /^[0-7]{1,3}/.exec(text.slice(at, at + 3)) ?? [];
  if (octal !== undefined) return { octet: Number.parseInt(octal, 8) & 0xff, end: at + octal.length };
  if (HIDDEN.includes(first)) return { octet: undefined, end: at + 1 };
  const letter = LETTERS[first];
  if (letter !== undefined) return { octet: letter, end: at + 1 };
  if (first === "^") return marked(text, at + 1, control);
  if (first !== "M") return undefined;
  const how = text.charAt(at + 1);
  if (how === "-") return marked(text, at + 2, (octet) => octet | META);
  return how === "^" ? marked(text, at + 2, (octet) => control(octet) | META) : undefined;
}

function marked(text: string, at: number, change: (octet: number) => number): Escape | undefined {
  return at < text.length ? { octet: change(text.charCodeAt(at) & 0xff), end: at + 1 } : undefined;
}

function control(octet: number): number {
  return octet === 0x3f ? DELETE : octet & 0x1f;
}
