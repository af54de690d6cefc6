/** What ypldap.conf says outside of blocks: a statement a line, each with the key of the TOML form that it becomes. */
import { SECRET_YP_MAPS, YP_MAPS } from "../../services/directory/config.ts";
import type { Place } from "../toml.ts";
import { Misread } from "./characters.ts";
import type { Places } from "./places.ts";
import type { Tokens } from "./tokens.ts";
import type { Again } from "./ypldap-directory.ts";
import { YPLDAP_WORDS } from "./ypldap-words.ts";

/** What holds for all directories, while it is read. */
export class Whole {
  readonly value: Record<string, unknown> = { userdb: false };
  /** Of `cafile`: for every directory, wherever it stands. */
  authority: string | undefined;
  readonly #places: Places;
  readonly #again: Again;

  /** @param again what becomes of what is said a second time */
  constructor(places: Places, again: Again) {
    this.#places = places;
    this.#again = again;
  }

  /** @throws Misread where it was said before */
  set(key: string, value: unknown, place: Place): void {
    if (this.#places.has(["directory", key])) this.#again(place, `${YPLDAP_WORDS.get(key) ?? key} was set already`);
    this.value[key] = value;
    this.#places.note(["directory", key], place);
  }

  again(place: Place, message: string): void {
    this.#again(place, message);
  }

  add(key: string, value: unknown, place: Place): void {
    const list = [this.value[key] ?? []].flat();
    this.value[key] = [...list, value];
    this.#places.note(["directory", key], place);
    this.#places.note(["directory", key, list.length], place);
  }
}

/** Reads what stands behind the first word, which stands at `place`. */
type Read = (whole: Whole, tokens: Tokens, place: Place) => void;

const YES_NO = ["yes", "no"] as const;

export const GLOBALS: Readonly<Record<string, Read>> = {
  domain: (whole, tokens, place) => whole.set("domain", tokens.utf8("a NIS domain"), place),
  interval: number("interval_seconds"),
  provide: (whole, tokens, place) => provide(whole, tokens, place),
  cafile: (whole, tokens, place) => {
    if (whole.authority !== undefined) whole.again(place, "cafile was set already");
    whole.authority = tokens.utf8("the path of a file");
  },
  bind: (whole, tokens, place) => {
    const isLocal = tokens.oneOf(["local", "portmap"]) === "local";
    whole.set("yp_register", isLocal ? "builtin" : "rpcbind", place);
    if (isLocal) whole.value["yp_binding"] ??= true; // `binding file no` may still be said
  },
  binding: (whole, tokens, place) => {
    tokens.oneOf(["file"]);
    whole.set("yp_binding", tokens.oneOf(YES_NO) === "yes", place);
  },
  register: (whole, tokens, place) => whole.set("yp_register", tokens.oneOf(["rpcbind", "builtin", "none"]), place),
  listen: (whole, tokens, place) =>
    tokens.word("port") ? whole.set("yp_port", tokens.number("a port"), place) : whole.add("yp_listen", tokens.utf8("an address"), place),
  allow: (whole, tokens, place) => {
    if (!tokens.word("ids")) return whole.add("yp_allow", tokens.utf8("a network"), place);
    const least = tokens.number("the least id");
    for (const key of ["min_uid", "min_gid"]) whole.set(key, least, place);
  },
  deny: (whole, tokens, place) => {
    tokens.oneOf(["names"]);
    const names: string[] = [];
    while (tokens.peek().kind === "string") names.push(tokens.utf8("a name"));
    if (names.length === 0) tokens.oneOf(["none"]);
    whole.set("deny_names", names, place);
  },
  local: (whole, tokens, place) => {
    tokens.oneOf(["names"]);
    whole.set("local_names", tokens.oneOf(["reject", "accept"]), place);
  },
  securenets: (whole, tokens, place) => whole.set("yp_securenets", tokens.utf8("the path of a file"), place),
  rule: (whole, tokens, place) => rule(whole, tokens, place),
  userdb: (whole, tokens, place) =>
    tokens.word("service")
      ? whole.set("userdb_service", tokens.utf8("a name in reverse-domain form"), place)
      : whole.set("userdb", tokens.oneOf(YES_NO) === "yes", place),
  enumerate: (whole, tokens, place) => whole.set("enumerate", tokens.oneOf(YES_NO) === "yes", place),
  max: (whole, tokens, place) => {
    tokens.oneOf(["stale"]);
    whole.set("max_stale_seconds", tokens.number("a number of seconds"), place);
  },
  minuid: number("min_uid"),
  maxuid: number("max_uid"),
  mingid: number("min_gid"),
  maxgid: number("max_gid"),
};

/** @param provided names, as they were read */
export function secretMapIn(provided: unknown): string | undefined {
  return SECRET_YP_MAPS.find((map) => [provided].flat().includes(map));
}

function number(key: string): Read {
  return (whole, tokens, place) => whole.set(key, tokens.number("a number"), place);
}

function provide(whole: Whole, tokens: Tokens, place: Place): void {
  if (!tokens.word("map")) throw new Misread(tokens.place, '"map" is needed behind "provide"', 'provide map "passwd.byname"');
  const at = tokens.place;
  const name = tokens.utf8("the name of a map");
  if (!YP_MAPS.some((map) => map === name)) throw new Misread(at, `"${name}" is no map that can be provided`, `known are: ${YP_MAPS.join(", ")}`);
  if (![whole.value["yp_maps"] ?? []].flat().includes(name)) whole.add("yp_maps", name, place);
}

/** `rule [NETWORK ...] map PATTERN ... none|port|deny`: as it stands in TOML. */
function rule(whole: Whole, tokens: Tokens, place: Place): void {
  const networks: string[] = [];
  while (tokens.isText()) networks.push(tokens.utf8("a network"));
  if (!tokens.word("map")) throw new Misread(tokens.place, '"map" is needed here', 'rule "192.0.2.0/24" map "group.*" deny');
  const maps: string[] = [tokens.utf8("a map")];
  while (tokens.peek().kind === "string") maps.push(tokens.utf8("a map"));
  whole.add("yp_rules", { networks, maps, security: tokens.oneOf(["none", "port", "deny"]) }, place);
}
