/** `request prefix delegation on NAME for TARGETS` of dhcp6leased.conf: one IA_PD, in the order of the file. */
import { UNSPECIFIED_V6, parseIpv6 } from "../../base/ipv6.ts";
import type { Place } from "../toml.ts";
import { parseHostPart, splitTarget } from "../uplink6.ts";
import { Misread } from "./characters.ts";
import type { Line, LineReader } from "./grammar.ts";
import { add, flag } from "./statement.ts";
import { shown, type Tokens } from "./tokens.ts";

/** A word of a target as it stands there; only words without quotes can be `host id`. */
type Item = { readonly text: string; readonly bare: boolean; readonly place: Place };
type Target = { readonly said: string | { readonly interface: string; readonly length: number; readonly host_part: string }; readonly place: Place };
type Wish = { readonly keys: Record<string, unknown>; readonly places: Record<string, Place> };

const FORMS = ["request prefix delegation on NAME [iaid N] [hint PREFIX] for TARGET or { TARGET ... }", "request rapid commit"] as const;
const RAPID_COMMIT = flag("request rapid commit", "rapid_commit");
const HOST_PART = "stable, eui64, or the bits below the prefix: ::1; interfaces named host and id stand in quotes";

/** Everything outside of blocks that begins with `request`. */
export const REQUEST: Line = {
  word: "request",
  forms: FORMS,
  read: (reader, place) => {
    const { tokens } = reader;
    if (tokens.word("rapid")) {
      expected(tokens, ["commit"]);
      for (const said of RAPID_COMMIT.read(tokens)) reader.everywhere(said);
    } else readDelegation(reader, place);
    reader.endOfLine();
  },
  skip: (reader, place) => {
    block(reader, place);
    reader.endOfLine();
  },
};

function readDelegation(reader: LineReader, place: Place): void {
  const { tokens } = reader;
  expected(tokens, ["prefix", "delegation", "on"]);
  const entry = reader.entry();
  const wish = wishOf(tokens);
  expected(tokens, ["for"]);
  const opened = tokens.place;
  const isBlock = tokens.isPunctuation("{");
  if (isBlock) tokens.take();
  const targets = isBlock ? block(reader, opened) : single(tokens);
  if (targets === undefined) return; // what was wrong in it has been told
  const at = entry.say(add("delegate", { ...wish.keys, to: targets.map(({ said }) => said) }), place);
  for (const [key, where] of Object.entries(wish.places)) entry.places.push([["delegate", at, key], where]);
  for (const [index, target] of targets.entries()) entry.places.push([["delegate", at, "to", index], target.place]);
}

/** @throws Misread */
function expected(tokens: Tokens, words: readonly string[]): void {
  for (const word of words)
    if (!tokens.word(word))
      throw new Misread(tokens.place, `"${word}" is needed here, not ${shown(tokens.peek())}`, `known are: ${FORMS.join(", ")}`);
}

/** What is asked for beside what the targets need. */
function wishOf(tokens: Tokens): Wish {
  const wish: Wish = { keys: {}, places: {} };
  const say = (word: string, key: string, value: unknown, place: Place): void => {
    if (key in wish.keys) throw new Misread(place, `${word} was set already`, "take one of the two away");
    wish.keys[key] = value;
    wish.places[key] = place;
  };
  for (;;) {
    const { place } = tokens;
    if (tokens.word("iaid")) say("iaid", "iaid", tokens.number("a number"), place);
    else if (tokens.word("hint")) {
      const [, address = "", length] = /^(.*?)(?:\/(\d{1,3}))?$/s.exec(tokens.utf8("a prefix")) ?? [];
      if (length === undefined || parseIpv6(address) !== UNSPECIFIED_V6) say("hint", "hint", address, place);
      if (length !== undefined) say("hint", "prefix_length", Number(length), place);
    } else return wish;
  }
}

/** A target behind which the line ends. */
function single(tokens: Tokens): readonly Target[] {
  const items = [item(tokens)];
  while (tokens.isText()) items.push(item(tokens));
  const targets = targetsIn(items);
  const second = targets[1];
  if (second !== undefined) throw new Misread(second.place, "several targets stand in braces", "for { lan0 lan1 }");
  return targets;
}

/** Behind the brace that opens it, to the one that closes it. @returns undefined when nothing in it can be used */
function block(reader: LineReader, opened: Place): readonly Target[] | undefined {
  const targets: Target[] = [];
  let sound = true;
  for (let open = true; open && !reader.full(); )
    reader.carefully(
      () => {
        open = line(reader, opened, targets);
      },
      (rest) => {
        sound = false;
        open = !rest.endsWith("}");
      },
    );
  if (targets.length === 0 && sound && !reader.full())
    reader.problem(opened, "no target stands in these braces", "such as lan0, lan0/60, or reserve");
  return targets.length === 0 ? undefined : targets;
}

/** @returns whether the block goes on */
function line({ tokens, problem }: LineReader, opened: Place, targets: Target[]): boolean {
  const items: Item[] = [];
  while (tokens.isText()) items.push(item(tokens));
  targets.push(...targetsIn(items));
  const { kind } = tokens.peek();
  if (kind === "end") problem(opened, "this block does not end", "a } is missing");
  else if (kind === "newline" || tokens.isPunctuation("}")) return tokens.take().kind === "newline";
  else tokens.text("a target");
  return false;
}

function item(tokens: Tokens): Item {
  const { place } = tokens;
  const bare = tokens.peek().kind === "word";
  return { text: tokens.utf8("a target"), bare, place };
}

/** Targets of one line, each with the host part that stands behind it. */
function targetsIn(items: readonly Item[]): readonly Target[] {
  const targets: Target[] = [];
  for (let at = 0; at < items.length; at++) {
    const [one, next, part] = items.slice(at, at + 3);
    if (one === undefined) continue;
    const before = targets.at(-1);
    if (before === undefined || !isWord(one, "host") || !isWord(next, "id")) {
      targets.push({ said: one.text, place: one.place });
      continue;
    }
    if (part === undefined || parseHostPart(part.text) === undefined) {
      const { place } = part ?? next ?? one;
      throw new Misread(place, `${part === undefined ? "nothing" : `"${part.text}"`} is no host part`, HOST_PART);
    }
    targets[targets.length - 1] = withHostPart(before, part.text);
    at += 2;
  }
  return targets;
}

function isWord(one: Item | undefined, text: string): boolean {
  return one?.bare === true && one.text === text;
}

/** A target that is none stays as it is, to be told as such. */
function withHostPart({ said, place }: Target, part: string): Target {
  const split = typeof said === "string" ? splitTarget(said) : { name: said.interface, length: said.length };
  return { said: split === undefined ? said : { interface: split.name, length: split.length, host_part: part }, place };
}
