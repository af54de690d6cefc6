/** The grammar of dhcp6leased.conf: delegations in lines of their own, and what else an uplink is told in an `interface` block. */
import { REQUEST } from "./delegation.ts";
import type { Grammar } from "./grammar.ts";
import { flag, once, REQUEST_OPTIONS, SEND_OPTION, type Said, type Statement } from "./statement.ts";
import type { Tokens } from "./tokens.ts";

const PACES = ["fast", "rfc"] as const;

export const STATEMENTS_6: readonly Statement[] = [
  { words: "request address", form: "request address [iaid N]", read: address },
  flag("request rapid commit", "rapid_commit"),
  ...REQUEST_OPTIONS,
  SEND_OPTION,
  route("unreachable", "unreachable"),
  route("blackhole", "blackhole"),
  route("prohibit", "prohibit"),
  route("no route", "none"),
  { words: "without ra", form: "without ra", read: () => [once("start", "at-once")] },
  { words: "with ra", form: "with ra", read: () => [once("start", "advertised")] },
  { words: "pace", form: "pace fast|rfc", read: (tokens) => [once("pace", tokens.oneOf(PACES))] },
  flag("no reconfigure", "accept_reconfigure", false),
  flag("register addresses", "register_addresses"),
  flag("release on stop", "release_on_stop"),
  flag("ignore dns", "ignore_dns"),
];

export const DHCP6LEASED: Grammar = {
  service: "uplink6",
  keywords: ["commit", "delegation", "for", "on", "prefix", "rapid", "request"],
  statements: STATEMENTS_6,
  words: new Map([
    ["rapid_commit", "request rapid commit"],
    ["aggregate_route", "unreachable, blackhole, prohibit or no route"],
    ["request_options", "request option"],
    ["no_request_options", "no request option"],
    ["send_options", "send option"],
    ["accept_reconfigure", "no reconfigure"],
    ["register_addresses", "register addresses"],
    ["release_on_stop", "release on stop"],
    ["ignore_dns", "ignore dns"],
    ["host_part", "host id"],
    ["prefix_length", "hint"],
  ]),
  lines: [REQUEST],
};

function address(tokens: Tokens): readonly Said[] {
  return [once("address", tokens.word("iaid") ? { iaid: tokens.number("a number") } : true)];
}

function route(words: string, value: string): Statement {
  return { words, form: words, read: () => [once("aggregate_route", value)] };
}
