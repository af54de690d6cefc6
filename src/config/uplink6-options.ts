/** Options of DHCPv6 by their codes: those an operator may ask for, and those that may be sent. */
import { z } from "zod";
import { LIMITS } from "../base/limits.ts";
import { optionOfCode, UNASKED_OPTIONS } from "../wire/dhcp6/options.ts";
import { octets } from "./octets.ts";

const MOST_CODE = 0xffff;
/** Options of the conversation itself: what they say stands with the client, or has a key that says it. */
const OWN: Readonly<Record<number, string>> = {
  1: "main made it once and keeps it",
  2: "the client names the server it chose",
  3: "address says it",
  4: "temporary addresses are not asked for; hosts make their own (RFC 8981)",
  5: "address says it",
  6: "request_options and no_request_options say what is asked for",
  8: "the client measures it",
  11: "the client holds the key that servers give it",
  14: "rapid_commit says it",
  19: "only servers send it",
  20: "accept_reconfigure says it",
  25: "delegate says it",
};
/** What only servers send. */
const FROM_SERVERS: ReadonlySet<number> = new Set([7, 12, 13, 32, 82, 83, 148]);

const code = z.number().int().min(1).max(MOST_CODE);

export const requestedOption = code.superRefine((given, context) => {
  if (!UNASKED_OPTIONS.has(given)) return;
  context.addIssue({
    code: "custom",
    message: `option ${given} is not asked for`,
    params: { hint: "RFC 9915 §21.7: it stands in messages without that" },
  });
});

export const sentOptions = z.record(z.string(), octets(LIMITS.sentOptionBytes)).superRefine((options, context) => {
  const issue = (path: readonly string[], message: string, hint: string): void =>
    context.addIssue({ code: "custom", path: [...path], message, params: { hint } });
  const codes = Object.keys(options);
  for (const given of codes) {
    const reserved = reservation(Number(given));
    if (!/^[1-9]\d{0,4}$/.test(given) || Number(given) > MOST_CODE)
      issue([given], `"${given}" is no code of an option`, `a number from 1 to ${MOST_CODE} in quotes`);
    else if (reserved !== undefined) issue([given], `option ${given} is not for an operator to send`, reserved);
  }
  if (codes.length > LIMITS.dhcp6SentOptions) issue([], `more than ${LIMITS.dhcp6SentOptions} options`, "take some away");
});

/** Why an option is not for an operator to send; undefined: it is. */
function reservation(given: number): string | undefined {
  const own = OWN[given];
  if (own !== undefined) return own;
  if (FROM_SERVERS.has(given)) return "only servers send it";
  const entry = optionOfCode(given);
  if (entry === undefined || entry.at.includes("message")) return undefined;
  return entry.at.includes("relay") ? "only relays send it" : "it stands inside of other options";
}
