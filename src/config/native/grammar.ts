/** What one native file differs from another by: its words, what stands in its blocks, and lines of its own. */
import type { Place } from "../toml.ts";
import type { Entry } from "./entry.ts";
import type { Said, Statement } from "./statement.ts";
import type { Tokens } from "./tokens.ts";

export type Grammar = {
  readonly service: "uplink4" | "uplink6";
  /** Words that are never text where they stand without quotes, as in the program the grammar comes from. Younger words are. */
  readonly keywords: readonly string[];
  /** What may stand in an `interface` block. */
  readonly statements: readonly Statement[];
  /** How a person who writes the native form calls a key of the TOML form. */
  readonly words: ReadonlyMap<string, string>;
  /** Lines outside of blocks, beside those that every file has. */
  readonly lines: readonly Line[];
};
export type Line = {
  readonly word: string;
  readonly forms: readonly string[];
  /** Behind its first word, which stands at `place`, to the end of the line. */
  readonly read: (reader: LineReader, place: Place) => void;
  /** Behind a line that was not understood and opened a block. */
  readonly skip: (reader: LineReader, place: Place) => void;
};
/** What a line may ask of whoever reads the file. */
export type LineReader = {
  readonly tokens: Tokens;
  /** The entry of the interface whose name stands here. */
  readonly entry: () => Entry;
  /** Says something of every interface, those that come later too. */
  readonly everywhere: (said: Said) => void;
  /** What cannot be read is told, and reading goes on with the next line. @param after gets the rest of the line */
  readonly carefully: (read: () => void, after: (rest: string) => void) => void;
  readonly problem: (place: Place, message: string, hint: string) => void;
  /** As many problems as may be have been found. */
  readonly full: () => boolean;
  readonly endOfLine: () => void;
};
