/** A file has one noun: at most 300 lines, 400 with a reason. Tests are tables of stories and may be longer. */
import type { Rule } from "./source.ts";

export const USUAL_LINES = 300;
export const HARD_LINES = 400;
export const TEST_LINES = 700;

/** Files between the usual and the hard limit, each with its reason. */
export const LONGER: Readonly<Record<string, string>> = {};

export const size: Rule = ({ path, text }) => {
  const lines = text.split("\n").length - (text.endsWith("\n") ? 1 : 0);
  const most = path.startsWith("test/") ? TEST_LINES : LONGER[path] === undefined ? USUAL_LINES : HARD_LINES;
  return lines > most ? [`${path} has ${lines} lines, more than ${most}: cut it where a second noun begins`] : [];
};
