/** Texts that belong to users and stand in no line: by name, and on disk a line each. What is in them is judged where it is used. */
import { LIMITS } from "../../base/limits.ts";
import type { Sliced } from "./sort.ts";

export type Texts = ReadonlyMap<string, string>;
/** undefined: the user goes. */
export type TextEdits = ReadonlyMap<string, string | undefined>;

export const NO_TEXTS: Texts = new Map();
const LINE_FEED = "\n";

/** In the order of sources: of the same name the first one's, as of everything else. */
export function mergedTexts(all: readonly Texts[]): Texts {
  const some = all.filter(({ size }) => size > 0);
  const [first = NO_TEXTS, ...further] = some;
  if (further.length === 0) return first;
  const merged = new Map(first);
  for (const texts of further) for (const [name, text] of texts) if (!merged.has(name)) merged.set(name, text);
  return merged;
}

/** The same ones where nothing is another one: no change of a user copies those of all. */
export function editedTexts(texts: Texts, edits: TextEdits): Texts {
  const changes = [...edits].filter(([name, text]) => texts.get(name) !== text);
  if (changes.length === 0) return texts;
  const edited = new Map(texts);
  for (const [name, text] of changes) {
    if (text === undefined) edited.delete(name);
    else edited.set(name, text);
  }
  return edited;
}

export function sameTexts(one: Texts, other: Texts): boolean {
  return one === other || (one.size === other.size && [...one].every(([name, text]) => other.get(name) === text));
}

export function storedTexts(texts: Texts): Uint8Array {
  return new TextEncoder().encode([...texts].map(([name, text]) => `${name}:${text}${LINE_FEED}`).join(""));
}

/** What is none of ours is a name without a text. */
export function* textsIn(bytes: Uint8Array): Sliced<Texts> {
  const texts = new Map<string, string>();
  for (const line of new TextDecoder().decode(bytes).split(LINE_FEED)) {
    const end = line.indexOf(":");
    if (end !== -1) texts.set(line.slice(0, end), line.slice(end + 1));
    if (texts.size % LIMITS.directorySliceRows === 0) yield;
  }
  return texts;
}
