/** One `directory` block of ypldap.conf while it is read: an option a line, each with the key of the TOML form that it becomes. */
import { DIRECTORY_LIMITS } from "../../base/limits-directory.ts";
import type { Place } from "../toml.ts";
import { Misread } from "./characters.ts";
import type { Tokens } from "./tokens.ts";
import { FIELD_WORDS, YPLDAP_FIELDS, type YpldapField } from "./ypldap-words.ts";

type Table = Record<string, unknown>;
/** Keys, or keys with the name of a field, by where they were said. */
export type Said = readonly [path: readonly string[], place: Place];

const YES_NO = ["yes", "no"] as const;
/** Says that something was said before. @throws Misread where that is an error; else the later one counts */
export type Again = (place: Place, message: string) => void;
/** What Linux has no field for: what is served there to BSD. */
const STANDARD: Readonly<Partial<Record<YpldapField, string>>> = { class: "", change: "0", expire: "0" };

export class DirectoryBlock {
  readonly value: Table = { on_failure: "hold" };
  readonly places: Said[] = [];
  /** What cannot be served as it is said. */
  readonly warnings: { readonly place: Place; readonly message: string; readonly hint: string }[] = [];
  secret: string | undefined;
  readonly #fields = new Map<YpldapField, string>();
  readonly #said = new Set<string>();
  readonly #again: Again;

  /** @param again what becomes of what is said a second time */
  constructor(again: Again) {
    this.#again = again;
  }

  /** Behind what it begins with, to the end of its line. @throws Misread */
  option(tokens: Tokens, first: string, place: Place): void {
    const read = OPTIONS[first];
    if (read === undefined) throw new Misread(place, `"${first}" is no option of a directory`, `known are: ${Object.keys(OPTIONS).join(", ")}`);
    read(this, tokens, place);
  }

  /** @throws Misread where it was said before */
  set(key: string, value: unknown, place: Place, words: string): void {
    if (this.#said.has(key)) this.#again(place, `${words} was set already`);
    this.#said.add(key);
    this.value[key] = value;
    this.places.push([[key], place]);
  }

  addServer(host: string, place: Place): void {
    const servers = [this.value["server"]].flat().filter((one) => one !== undefined);
    this.value["server"] = [...servers, host];
    this.places.push([["server"], place]);
  }

  field(field: YpldapField, how: "attribute" | "fixed" | "list", given: string, place: Place): void {
    if (this.#fields.has(field)) this.#again(place, `it was said already where ${field} comes from`);
    this.#fields.set(field, given);
    const [table, key] = YPLDAP_FIELDS[field];
    if (key !== undefined) {
      const own = this.value[table];
      this.value[table] = { ...(typeof own === "object" ? own : {}), [key]: written(field, how, given) };
      this.places.push([[table], place], [[table, key], place]);
    } else if (how !== "fixed" || given !== STANDARD[field])
      this.warnings.push({
        place,
        message: `${field} is served as "${STANDARD[field] ?? ""}" to everyone`,
        hint: "Linux has no such field, and no map of ours another value",
      });
  }

  /** What the original has no field for. */
  sshKeys(attribute: string, place: Place): void {
    if (this.#said.has("sshkeys")) this.#again(place, "it was said already where keys come from");
    this.#said.add("sshkeys");
    const own = this.value["user_fields"];
    this.value["user_fields"] = { ...(typeof own === "object" ? own : {}), ssh_keys: attribute };
    this.places.push([["user_fields"], place], [["user_fields", "ssh_keys"], place]);
  }

  /** What nothing was said of, although nothing can be served without it. */
  get missing(): readonly string[] {
    const fields = FIELD_WORDS.filter((field) => !(field in STANDARD) && !this.#fields.has(field));
    return [
      ...fields.map((field) => `${field === "groupmembers" ? "list" : "attribute"} ${field}`),
      ...(this.#said.has("user_filter") ? [] : ["passwd filter"]),
      ...(this.#said.has("group_filter") ? [] : ["group filter"]),
    ];
  }
}

/** The text by which the TOML form knows where a field comes from. */
function written(field: YpldapField, how: "attribute" | "fixed" | "list", given: string): string {
  if (how === "fixed") return `=${given}`;
  if (field === "groupmembers") return how === "list" ? given : `${given}!`;
  return how === "list" ? `${given}*` : given;
}

type Read = (block: DirectoryBlock, tokens: Tokens, place: Place) => void;

function text(key: string, words: string, what: string): Read {
  return (block, tokens, place) => block.set(key, tokens.utf8(what), place, words);
}

function filter(key: string, words: string): Read {
  return (block, tokens, place) => {
    if (!tokens.word("filter"))
      throw new Misread(tokens.place, `"filter" is needed behind "${words.split(" ")[0] ?? ""}"`, `${words} "(objectClass=...)"`);
    block.set(key, tokens.utf8("an LDAP filter"), place, words);
  };
}

function oneOf(key: string, words: string, known: readonly string[]): Read {
  return (block, tokens, place) => block.set(key, tokens.oneOf(known), place, words);
}

function yesNo(key: string, words: string): Read {
  return (block, tokens, place) => block.set(key, tokens.oneOf(YES_NO) === "yes", place, words);
}

function number(key: string, words: string): Read {
  return (block, tokens, place) => block.set(key, tokens.number("a number"), place, words);
}

/** Words of two: the second is read first. */
function behind(word: string, read: Read): Read {
  return (block, tokens, place) => {
    if (!tokens.word(word)) throw new Misread(tokens.place, `"${word}" is needed here`, "see docs/options.md, ypldap.conf");
    read(block, tokens, place);
  };
}

function maps(block: DirectoryBlock, tokens: Tokens, place: Place, how: "attribute" | "list"): void {
  const field = tokens.oneOf(FIELD_WORDS);
  for (const word of ["maps", "to"])
    if (!tokens.word(word)) throw new Misread(tokens.place, `"maps to" is needed behind the field`, `${how} ${field} maps to "ATTRIBUTE"`);
  block.field(field, how, tokens.utf8("the name of an attribute"), place);
}

const OPTIONS: Readonly<Record<string, Read>> = {
  binddn: text("bind_dn", "binddn", "a distinguished name"),
  bindcred: (block, tokens, place) => {
    const secret = tokens.utf8("a password");
    block.set("bind_password_file", "", place, "bindcred");
    block.secret = secret;
  },
  bindcredfile: text("bind_password_file", "bindcredfile", "the path of a file"),
  bindext: (block, tokens, place) => {
    block.set("bind", "external", place, "bindext");
    if (tokens.isText()) block.set("authorization_id", tokens.utf8("an identity"), place, "bindext");
  },
  certfile: text("cert_file", "certfile", "the path of a file"),
  keyfile: text("key_file", "keyfile", "the path of a file"),
  basedn: text("base", "basedn", "a distinguished name"),
  groupdn: text("group_base", "groupdn", "a distinguished name"),
  passwd: filter("user_filter", "passwd filter"),
  group: filter("group_filter", "group filter"),
  attribute: (block, tokens, place) => maps(block, tokens, place, "attribute"),
  list: (block, tokens, place) => maps(block, tokens, place, "list"),
  fixed: (block, tokens, place) => {
    if (!tokens.word("attribute")) throw new Misread(tokens.place, `"attribute" is needed behind "fixed"`, 'fixed attribute FIELD "VALUE"');
    const field = tokens.oneOf(FIELD_WORDS);
    block.field(field, "fixed", tokens.utf8("a value"), place);
  },
  server: (block, tokens, place) => block.addServer(tokens.utf8("the name of a further server"), place),
  srv: text("srv", "srv", "a domain"),
  page: behind("size", (block, tokens, place) =>
    block.set("page_size", tokens.word("off") ? 0 : tokens.number("a number of entries"), place, "page size"),
  ),
  pagination: oneOf("pagination", "pagination", ["try", "required"]),
  scope: (block, tokens, place) => block.set("scope", tokens.oneOf(["sub", "one"]) === "one" ? "one" : "subtree", place, "scope"),
  referrals: oneOf("referrals", "referrals", ["ignore", "fail", "follow"]),
  sshkeys: (block, tokens, place) => {
    for (const word of ["maps", "to"])
      if (!tokens.word(word)) throw new Misread(tokens.place, `"maps to" is needed here`, 'sshkeys maps to "sshPublicKey"');
    block.sshKeys(tokens.utf8("the name of an attribute"), place);
  },
  nested: yesNo("nested", "nested"),
  refresh: oneOf("refresh", "refresh", ["whole", "check", "sync"]),
  reconcile: number("reconcile_seconds", "reconcile"),
  on: behind("failure", (block, tokens, place) => {
    block.value["on_failure"] = tokens.oneOf(["hold", "keep", "drop"]);
    block.places.push([["on_failure"], place]);
  }),
  keep: number("keep_seconds", "keep"),
  shrink: behind("limit", number("shrink_percent", "shrink limit")),
  allow: behind("cleartext", (block, _, place) => block.set("allow_cleartext", true, place, "allow cleartext")),
};

/** A name that a table may have, of a host's or a path. */
export function sourceName(host: string, taken: (name: string) => boolean): string {
  const plain =
    host
      .replace(/[^A-Za-z0-9_-]+/g, "-")
      .replace(/^-+|-+$/g, "")
      .slice(0, 56) || "directory";
  if (!taken(plain)) return plain;
  for (let number = 2; number <= DIRECTORY_LIMITS.directorySources + 1; number++) if (!taken(`${plain}-${number}`)) return `${plain}-${number}`;
  return `${plain}-more`;
}
