/** `options` of `[lan.INTERFACE]` and its like: options by their codes, as octets. What has a key of its own, or is the server's to say, is refused. */
import { z } from "zod";
import { decodeAll } from "../base/codec.ts";
import { WireError } from "../base/errors.ts";
import { LIMITS } from "../base/limits.ts";
import { optionOfCode, OPTIONS, UNASKED_OPTIONS } from "../wire/dhcp6/options.ts";
import { octets, octetsOf } from "./octets.ts";

const MOST_CODE = 0xffff;
/** RFC 9915 §21.23 (IRT_MINIMUM). */
const LEAST_REFRESH_SECONDS = 600;
/** Options that have a key of their own, or that the server sets itself. */
const OWN: Readonly<Record<number, string>> = {
  7: "preference says it",
  17: "vendor_options says it",
  20: "reconfigure says it",
  21: "sip_domains says it",
  22: "sip_servers says it",
  23: "dns says it",
  24: "search says it",
  31: "sntp says it",
  37: "only relays send it",
  38: "only relays send it",
  39: "the server tells each client its own name",
  41: "timezone_posix says it",
  42: "timezone says it",
  53: "only relays send it",
  56: "ntp says it",
  59: "boot says it",
  60: "boot says it",
  64: "aftr says it",
  82: "sol_max_rt_seconds says it",
  83: "inf_max_rt_seconds says it",
  103: "captive_portal says it",
  144: "dnr says it",
  148: "this server registers no addresses (RFC 9686)",
};
/** What only clients send. */
const FROM_CLIENTS: ReadonlySet<number> = new Set([61, 62, 112]);

export const rawOptions = z.record(z.string(), octets(LIMITS.servedOptionBytes, 0)).superRefine((options, context) => {
  const issue = (code: string, message: string, hint: string): void => context.addIssue({ code: "custom", path: [code], message, params: { hint } });
  for (const [code, text] of Object.entries(options)) {
    const number = Number(code);
    const reserved = reservation(number);
    const misread = misreading(number, octetsOf(text));
    if (!/^[1-9]\d{0,4}$/.test(code) || number > MOST_CODE)
      issue(code, `"${code}" is no code of an option`, `a number from 1 to ${MOST_CODE} in quotes`);
    else if (reserved !== undefined) issue(code, `option ${code} is not for an operator to say`, reserved);
    else if (misread !== undefined) issue(code, `these octets are no ${optionOfCode(number)?.name ?? "option"}`, misread);
  }
});

/** Why an option is not for an operator to say; undefined: it is. */
function reservation(code: number): string | undefined {
  const own = OWN[code];
  if (own !== undefined) return own;
  if (UNASKED_OPTIONS.has(code)) return "the server writes it itself";
  if (FROM_CLIENTS.has(code)) return "only clients send it";
  const entry = optionOfCode(code);
  if (entry === undefined || entry.at.includes("message")) return undefined;
  return entry.at.includes("relay") ? "only relays send it" : "it stands inside of other options";
}

/** What is wrong with the octets of an option whose form is known; undefined: nothing. */
function misreading(code: number, value: Uint8Array | undefined): string | undefined {
  const entry = optionOfCode(code);
  if (entry === undefined || value === undefined) return undefined;
  try {
    const read = decodeAll(entry.codec, value);
    const tooShort = code === OPTIONS.informationRefreshSeconds.code && typeof read === "number" && read < LEAST_REFRESH_SECONDS;
    return tooShort ? `RFC 9915 §21.23: at least ${LEAST_REFRESH_SECONDS} seconds` : undefined;
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    return `${error.code} at octet ${error.offset}; its form stands in RFC ${entry.rfc.startsWith("§") ? `9915 ${entry.rfc}` : entry.rfc}`;
  }
}
