/** TOML with places: the values, and where each key and value stands, so that every error has a line and a column. */
import { type AST, getStaticTOMLValue, parseTOML, ParseError } from "toml-eslint-parser";

export type Place = { readonly line: number; readonly column: number };
export type Problem = Place & { readonly message: string; readonly hint: string };
export type Parsed = {
  readonly value: unknown;
  /** The place of the nearest key or value on a path that the file has. */
  readonly placeOf: (path: readonly PropertyKey[]) => Place;
  /** A sentence that names keys, as the writer of the file knows them. */
  readonly inWords: (sentence: string) => string;
};

/** @returns the problem where the text is not TOML at all */
export function parseToml(text: string): Parsed | Problem {
  try {
    const tree = parseTOML(text, { tomlVersion: "1.0.0" });
    return { value: getStaticTOMLValue(tree), placeOf: placesIn(tree), inWords: (sentence) => sentence };
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    return {
      line: error.lineNumber,
      column: error.column + 1,
      message: `this is not TOML: ${error.message}`,
      hint: "strings stand in double quotes, tables in [brackets]; see https://toml.io",
    };
  }
}

export function isProblem(parsed: Parsed | Problem): parsed is Problem {
  return "hint" in parsed;
}

function placesIn(tree: AST.TOMLProgram): Parsed["placeOf"] {
  const places = new Map<string, Place>();
  const note = (path: readonly (string | number)[], node: AST.TOMLNode): void => {
    const key = JSON.stringify(path.map(String));
    if (!places.has(key)) places.set(key, { line: node.loc.start.line, column: node.loc.start.column + 1 });
  };
  const walkValue = (path: readonly (string | number)[], node: AST.TOMLContentNode): void => {
    note(path, node);
    if (node.type === "TOMLArray") for (const [i, element] of node.elements.entries()) walkValue([...path, i], element);
    if (node.type === "TOMLInlineTable") for (const pair of node.body) walkPair(path, pair);
  };
  const walkPair = (path: readonly (string | number)[], pair: AST.TOMLKeyValue): void => {
    const keys = getStaticTOMLValue(pair.key);
    const full = [...path, ...keys];
    note([...full, "="], pair.value);
    note(full, pair.key);
    walkValue(full, pair.value);
  };
  for (const node of tree.body[0].body) {
    if (node.type === "TOMLKeyValue") walkPair([], node);
    else {
      note(node.resolvedKey, node.key);
      for (const pair of node.body) walkPair(node.resolvedKey, pair);
    }
  }
  return (path) => {
    for (let length = path.length; length > 0; length--) {
      const place = places.get(JSON.stringify(path.slice(0, length).map(String)));
      if (place !== undefined) return place;
    }
    return { line: 1, column: 1 };
  };
}
