/** dhcpleased.conf printed back, normalised: what it is read as is what the file was read as. */
import { fromHex } from "../../base/hex.ts";
import { octetsOf } from "../octets.ts";
import type { ConfigFile } from "../schema.ts";
import type { Uplink4File } from "../uplink4.ts";
import { blockOf, hostLines, optionText, quoted, quotedName } from "./printed.ts";
import { DHCPLEASED, HEX_OCTETS } from "./dhcpleased.ts";
import { octalEscape, vis } from "./vis.ts";

type Given = Uplink4File[string];
const ETHERNET = 1;

export function printDhcpleased(file: ConfigFile): string {
  const blocks = Object.entries(file.uplink4 ?? {}).map(([name, given]) =>
    blockOf(`interface ${quotedName(name, DHCPLEASED.keywords)}`, lines(given)),
  );
  return [...hostLines(file), ...blocks].join("");
}

function lines(given: Given): readonly string[] {
  const { vendor_class, user_class, fqdn, mud_url } = given;
  return [
    ...(given.client_id === undefined || given.client_id === "mac" ? [] : [clientId(given.client_id)]),
    ...(given.host_name === undefined ? [] : [given.host_name === "" ? "send no host name" : `send host name ${quoted(given.host_name)}`]),
    ...(vendor_class === undefined ? [] : [`send vendor class id ${quoted(vis(octetsOf(vendor_class) ?? new Uint8Array(0)))}`]),
    ...flags(given, { ignore_dns: "ignore dns", ignore_routes: "ignore routes" }),
    ...given.ignore_servers.map((server) => `ignore ${server}`),
    ...preferences(given),
    ...(fqdn === undefined ? [] : [`send fqdn ${quoted(fqdn)}${given.fqdn_update === undefined ? "" : ` update ${given.fqdn_update}`}`]),
    ...(user_class === undefined ? [] : [`send user class ${user_class.map(optionText).join(" ")}`]),
    ...(mud_url === undefined ? [] : [`send mud url ${quoted(mud_url)}`]),
    ...Object.entries(given.send_options).map(([code, value]) => `send option ${code} ${optionText(value)}`),
    ...(given.request_options.length === 0 ? [] : [`request option ${given.request_options.join(" ")}`]),
    ...(given.no_request_options.length === 0 ? [] : [`no request option ${given.no_request_options.join(" ")}`]),
    ...given.allow_servers.map((server) => `allow ${server}`),
    ...(given.inform === undefined ? [] : [`inform ${given.inform}`]),
    ...flags(given, {
      ignore_classless_routes: "ignore classless routes",
      rapid_commit: "rapid commit",
      fallback_link_local: "fallback link-local",
      broadcast_flag: "broadcast flag",
      anonymous: "anonymous",
      release_on_stop: "release on stop",
      use_host_name: "use hostname",
    }),
    ...numbers(given),
  ];
}

/** What is as it is anyway is not printed. */
function preferences(given: Given): readonly string[] {
  return [
    ...{ no: [], yes: ["prefer ipv6"], "when-connected": ["prefer ipv6 when connected"] }[given.prefer_ipv6],
    ...{ fast: [], rfc: ["acd rfc"], off: ["acd no"] }[given.conflict_detection],
  ];
}

function numbers(given: Given): readonly string[] {
  const all = [
    ["metric", given.metric],
    ["table", given.table],
    ["priority", given.socket_priority],
    ["dscp", given.dscp],
    ["retransmit", given.retransmit_seconds === 4 ? undefined : given.retransmit_seconds],
    ["start delay", given.start_delay_seconds],
    ["select", given.select_seconds === 0 ? undefined : given.select_seconds],
  ] as const;
  const mtu = given.mtu_min === undefined ? "use mtu" : `use mtu min ${given.mtu_min}`;
  return [...(given.use_mtu ? [mtu] : []), ...all.flatMap(([words, value]) => (value === undefined ? [] : [`${words} ${value}`]))];
}

function flags(given: Given, words: Readonly<Partial<Record<keyof Given, string>>>): readonly string[] {
  return Object.entries(words).flatMap(([key, text]) => (given[key as keyof Given] === true ? [text] : []));
}

/** With colons where the first octet says Ethernet, else as text that is not taken for octets. */
function clientId(id: string): string {
  if (id === "duid") return "send duid";
  const octets = fromHex(id) ?? new Uint8Array(0);
  if (octets[0] === ETHERNET) return `send client id ${quoted(id.match(/../g)?.join(":") ?? "")}`;
  const text = vis(octets);
  return `send client id ${quoted(HEX_OCTETS.test(text) ? Array.from(octets, octalEscape).join("") : text)}`;
}
