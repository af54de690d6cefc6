/** Documents are held to the code: every name in a table has its heading, every link leads somewhere, every claim has a command. */
import { existsSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { ROOT, type Rule, type Source } from "./source.ts";

/** Both directions: names without a heading `## name`, and headings without a name. */
export function headings(names: readonly string[], of: string): Rule {
  return ({ path, text }) => {
    const there = [...text.matchAll(/^## (.+?)\s*$/gm)].map(([, heading = ""]) => heading.replaceAll("`", ""));
    const twice = there.filter((heading, index) => there.indexOf(heading) !== index);
    return [
      ...names.filter((name) => !there.includes(name)).map((name) => `${path} has no heading for "${name}" of ${of}`),
      ...there.filter((heading) => !names.includes(heading)).map((heading) => `${path} explains "${heading}", which is not in ${of}`),
      ...twice.map((heading) => `${path} explains "${heading}" twice`),
    ];
  };
}

/** Tables of words under their headings, in both directions: every list has its heading, every word of it one row, and no row is of no list. */
export function explained(lists: ReadonlyMap<string, readonly string[]>): Rule {
  return (source) => {
    const sections = source.text.split(/^## /m).slice(1);
    const rows = new Map(
      sections.map((section) => [
        section.split("\n", 1)[0]?.trim() ?? "",
        [...section.matchAll(/^\| `([^`]+)` \| \S.*\|$/gm)].map(([, word = ""]) => word),
      ]),
    );
    return [
      ...headings([...lists.keys()], "the lists")(source),
      ...[...lists].flatMap(([heading, words]) => {
        const there = rows.get(heading) ?? [];
        return [
          ...words
            .filter((word) => there.filter((row) => row === word).length !== 1)
            .map((word) => `${source.path} has not one row for "${word}" under ${heading}`),
          ...there.filter((row) => !words.includes(row)).map((row) => `${source.path} explains "${row}" under ${heading}, which is not in its list`),
        ];
      }),
    ];
  };
}

/** Headings of a document as GitHub anchors them. */
function anchorsOf(text: string): readonly string[] {
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
      .trim()
      .replaceAll(" ", "-"),
  );
}

/** A link within the repository leads to a file that is there. */
export const links: Rule = ({ path, text }) =>
  [...text.matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, link = ""]) => {
    if (/^[a-z]+:/.test(link)) return [];
    const [file = "", anchor] = link.split("#");
    if (file === "") return anchor !== undefined && anchorsOf(text).includes(anchor) ? [] : [`${path} links to ${link}, which is no heading of it`];
    const target = join(dirname(path), file);
    return existsSync(join(ROOT, target)) && !target.startsWith("..") ? [] : [`${path} links to ${link}, which is not there`];
  });

/** A row that nobody can run proves nothing. */
export function commands(parts: ReadonlyMap<string, readonly { readonly point: string; readonly command: string }[]>): readonly string[] {
  if (parts.size === 0) return ["there is no part"];
  return [...parts].flatMap(([part, rows]) => [
    ...(rows.length === 0 ? [`part ${part} has no row`] : []),
    ...rows.filter(({ command }) => command === "").map(({ point }) => `part ${part}: "${point}" has no command`),
  ]);
}

/** The documents a reader meets: those at the root and everything below docs/. */
export function documents(readSource: (path: string) => Source): readonly Source[] {
  const atRoot = readdirSync(ROOT).filter((name) => name.endsWith(".md"));
  const below = readdirSync(join(ROOT, "docs"), { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".md"));
  return [...atRoot, ...below.map((name) => join("docs", name))].sort().map(readSource);
}
