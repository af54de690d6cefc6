/** What ypldap.conf says outside of blocks: a statement a line, each with the key of the TOML form that it becomes. */
import { YP_MAPS } from "../../services/directory/config.ts";
import type { Place } from "../toml.ts";
import { Misread } from "./characters.ts";
import type { Places } from "./places.ts";
import type { Tokens } from "./tokens.ts";
import { YPLDAP_WORDS } from "./ypldap-words.ts";

/** What holds for all directories, while it is read. */
export class Whole {
  readonly value: Record<string, unknown> = { userdb: false };
  /** Of `cafile`: for every directory, wherever it stands. */
  authority: string | undefined;
  readonly #places: Places;

  constructor(places: Places) {
    this.#places = places;
  }

  /** @throws Misread where it was said before */
  set(key: string, value: unknown, place: Place): void {
    if (this.#places.has(["directory", key])) throw new Misread(place, `${YPLDAP_WORDS.get(key) ?? key} was set already`, "take one of the two away");
    this.value[key] = value;
    this.#places.note(["directory", key], place);
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
    if (whole.authority !== undefined) throw new Misread(place, "cafile was set already", "take one of the two away");
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
  allow: (whole, tokens, place) => whole.add("yp_allow", tokens.utf8("a network"), place),
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
