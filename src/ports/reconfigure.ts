/** Clients of the DHCPv6 server that an operator wants to come back (RFC 9915 §18.3.11). */
import type { Duid } from "../base/duid.ts";

export const RECONFIGURE_PURPOSES = ["renew", "rebind", "information-request"] as const;
export type ReconfigureRequest = {
  /** As the configuration calls it; "": every link. */
  readonly link: string;
  /** undefined: every client. */
  readonly client: Duid | undefined;
  /** What they shall send; undefined: Renew where they have leases, Information-request where they have none. */
  readonly purpose: (typeof RECONFIGURE_PURPOSES)[number] | undefined;
};
export const RECONFIGURE_OUTCOMES = [
  "told", // every client it is meant for is being told
  "more", // there are more of them than can be told at once: the others follow
  "no-client", // nobody it is meant for has a key of ours
  "no-link", // the configuration has no such link
  "off", // clients of the link get no keys
  "denied", // not for this user
  "not-running", // there is no server to do it
] as const;
export type ReconfigureAnswer = {
  readonly outcome: (typeof RECONFIGURE_OUTCOMES)[number];
  /** How many were begun with. */
  readonly clients: number;
};
