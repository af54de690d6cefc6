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
