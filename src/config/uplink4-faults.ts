/** What is wrong between keys of `[uplink4.INTERFACE]` that are each right. */
import { LIMITS } from "../base/limits.ts";
import { both, type Fault } from "./faults.ts";
import { octetsOf } from "./octets.ts";
import type { Uplink4File } from "./uplink4.ts";

type Entry = Uplink4File[string];
type Contradiction = {
  /** The key that is told. */
  readonly key: keyof Entry;
  readonly holds: (entry: Entry, name: string) => boolean;
  readonly message: string;
  readonly hint: string;
};
const given = (value: unknown): boolean => value !== undefined;
const anonymity = "RFC 7844: an anonymous client sends nothing of its own; take one of the two away";

const CONTRADICTIONS: readonly Contradiction[] = [
  { key: "fqdn", holds: ({ anonymous, fqdn }) => anonymous && given(fqdn), message: "fqdn tells who an anonymous client is", hint: anonymity },
  {
    key: "host_name",
    holds: ({ anonymous, host_name }) => anonymous && given(host_name) && host_name !== "",
    message: "host_name tells who an anonymous client is",
    hint: anonymity,
  },
  {
    key: "client_id",
    holds: ({ anonymous, client_id }) => anonymous && given(client_id) && client_id !== "mac",
    message: "client_id tells who an anonymous client is",
    hint: anonymity,
  },
  {
    key: "send_options",
    holds: ({ anonymous, send_options }) => anonymous && Object.keys(send_options).length > 0,
    message: "send_options tells an anonymous client from others",
    hint: anonymity,
  },
  ...(["vendor_class", "user_class", "mud_url"] as const).map((key) => ({
    key,
    holds: (entry: Entry) => entry.anonymous && given(entry[key]),
    message: `${key} tells an anonymous client from others`,
    hint: anonymity,
  })),
  {
    key: "fqdn",
    holds: ({ fqdn, host_name }) => given(fqdn) && given(host_name) && host_name !== "",
    message: "fqdn and host_name are both given",
    hint: "RFC 4702 §3.1: one of the two is sent; take host_name away",
  },
  {
    key: "fqdn_update",
    holds: ({ fqdn, fqdn_update }) => given(fqdn_update) && !given(fqdn),
    message: "fqdn_update needs fqdn",
    hint: 'such as fqdn = "gw.home.example"',
  },
  {
    key: "rapid_commit",
    holds: ({ inform, rapid_commit }) => given(inform) && rapid_commit,
    message: "with inform no address is asked for that could be committed to",
    hint: "take rapid_commit or inform away",
  },
  {
    key: "fallback_link_local",
    holds: ({ inform, fallback_link_local }) => given(inform) && fallback_link_local,
    message: "with inform the address is set by hand, and there is nothing to fall back from",
    hint: "take fallback_link_local or inform away",
  },
  {
    key: "release_on_stop",
    holds: ({ inform, release_on_stop }) => given(inform) && release_on_stop,
    message: "with inform there is no lease that could be released",
    hint: "take release_on_stop or inform away",
  },
  {
    key: "inform",
    holds: ({ inform }, name) => given(inform) && /[*?]/.test(name),
    message: "several interfaces cannot have one address",
    hint: "give each interface an entry of its own name",
  },
  { key: "mtu_min", holds: ({ mtu_min, use_mtu }) => given(mtu_min) && !use_mtu, message: "mtu_min needs use_mtu", hint: "add use_mtu = true" },
];
/** What a link with an MTU of 1500 carries without fragments, less IP and UDP headers; and what every message holds of it, generously. */
const MESSAGE_BYTES = 1472;
const FIXED_BYTES = 350;

/** Keys of their own for options that send_options can name too. */
const OWN = { "60": "vendor_class", "77": "user_class", "161": "mud_url" } as const;

export function uplink4Faults(file: Uplink4File): readonly Fault[] {
  return Object.entries(file).flatMap(([name, entry]) => [
    ...CONTRADICTIONS.filter(({ holds }) => holds(entry, name)).map(({ key, message, hint }) => ({ path: [name, key], message, hint })),
    ...Object.entries(OWN)
      .filter(([code, key]) => given(entry.send_options[code]) && given(entry[key]))
      .map(([code, key]) => ({ path: [name, "send_options", code], message: `${key} sends option ${code} already`, hint: `take it or ${key} away` })),
    ...tooLong(entry).map(({ key, message }) => ({ path: [name, key], message, hint: `all of a message has to fit into ${MESSAGE_BYTES} octets` })),
    ...both(entry.allow_servers, entry.ignore_servers).map(({ index, item }) => ({
      path: [name, "ignore_servers", index],
      message: `${item} is both allowed and ignored`,
      hint: "where allow_servers names any, all others are ignored anyway",
    })),
    ...both(entry.request_options, entry.no_request_options).map(({ index, item }) => ({
      path: [name, "no_request_options", index],
      message: `option ${item} is both asked for and not`,
      hint: "take it out of one of the two lists",
    })),
  ]);
}

/** What the operator sends, told where a server's link could not carry it, or no four instances of option 77 could (RFC 3396). */
function tooLong(entry: Entry): readonly { readonly key: keyof Entry; readonly message: string }[] {
  const { vendor_class, user_class = [], mud_url, send_options, host_name, fqdn, client_id, request_options } = entry;
  const classes = user_class.reduce((sum, text) => sum + 1 + bytes(text), 0);
  const sent = [vendor_class, mud_url, ...Object.values(send_options)].reduce((sum, text) => sum + 10 + bytes(text), 0);
  const own = bytes(host_name) + bytes(fqdn) + (client_id?.length ?? 0) / 2 + request_options.length;
  return [
    ...(classes > LIMITS.sentOptionBytes
      ? [{ key: "user_class", message: `user_class is longer than ${LIMITS.sentOptionBytes} octets` } as const]
      : []),
    ...(FIXED_BYTES + own + classes + sent > MESSAGE_BYTES
      ? [{ key: "send_options", message: "options to send make messages too long" } as const]
      : []),
  ].slice(0, 1);
}

function bytes(text: string | undefined): number {
  return text === undefined ? 0 : (octetsOf(text)?.length ?? 0);
}
