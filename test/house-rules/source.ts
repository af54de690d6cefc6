/** The files of the house, and their text without what is not code: the rules look at names, not at comments or strings. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** A path from the root of the checkout, and what is in the file. */
export type Source = { readonly path: string; readonly text: string };

/** A rule gives one sentence for each violation in a file, beginning with the path. */
export type Rule = (source: Source) => readonly string[];

export function read(path: string): Source {
  return { path, text: readFileSync(join(ROOT, path), "utf8") };
}

/** Files with one of these endings below these folders, sorted; nothing that was built. */
export function sources(folders: readonly string[], endings: readonly string[]): readonly Source[] {
  const names = folders.flatMap((folder) => readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" }).map((name) => join(folder, name)));
  return names
    .filter((name) => endings.some((ending) => name.endsWith(ending)) && !name.includes("/build/"))
    .sort()
    .map(read);
}

const BEFORE_REGEX = /(?:^|[(,=:[!&|?{};+\-*%<>~^]|\b(?:return|typeof|case|in|of|throw|void))\s*$/;

/** The end of a quoted thing that starts at `start`, one past its closing mark. */
function endOfQuoted(text: string, start: number, close: string): number {
  let inClass = false;
  for (let i = start + 1; i < text.length; i++) {
    const char = text[i];
    if (char === "\\") i++;
    else if (close === "/" && char === "[") inClass = true;
    else if (close === "/" && char === "]") inClass = false;
    else if (char === close && !inClass) return i + 1;
    else if (char === "\n" && close !== "`") return i;
  }
  return text.length;
}

function endOfComment(text: string, start: number): number {
  const close = text.startsWith("/*", start) ? "*/" : "\n";
  const end = text.indexOf(close, start + 2);
  if (end === -1) return text.length;
  return close === "\n" ? end : end + 2;
}

/** Text of a template with only its `${...}` parts left. */
function templateCode(quoted: string): string {
  return [...quoted.matchAll(/\$\{((?:[^{}]|\{[^{}]*\})*)\}/g)].map(([, inner = ""]) => ` ${codeOf(inner)} `).join("");
}

/** The text with comments gone and strings and regular expressions empty; lines stay where they are. */
export function codeOf(text: string): string {
  let out = "";
  let i = 0;
  while (i < text.length) {
    const char = text[i] ?? "";
    const isComment = char === "/" && (text[i + 1] === "/" || text[i + 1] === "*");
    const isQuoted = char === '"' || char === "'" || char === "`" || (char === "/" && BEFORE_REGEX.test(out.slice(-40)));
    if (!isComment && !isQuoted) {
      out += char;
      i++;
      continue;
    }
    const end = isComment ? endOfComment(text, i) : endOfQuoted(text, i, char);
    const taken = text.slice(i, end);
    const kept = char === "`" ? `\`${templateCode(taken)}\`` : isComment ? "" : '""';
    out += kept + "\n".repeat(Math.max(0, newlines(taken) - newlines(kept)));
    i = end;
  }
  return out;
}

function newlines(text: string): number {
  return text.split("\n").length - 1;
}
