/** Changes of leases, a bounded batch a request. What is asked for twice is done once, so a request without an answer is made again. */
import { escapeText } from "../../base/text.ts";
import type { LeasesChanged } from "../../control/app.ts";
import type { Lease, LeaseOutcome } from "../../ports/leases.ts";
import { answer, BUSY, type Common } from "../asking.ts";
import { EXIT, finish } from "../output.ts";

type Changes = { readonly put?: readonly Lease[]; readonly remove?: readonly string[] };
/** Half a minute: a role that died is there again. */
const TRIES = 30;
const PAUSE_MS = 1000;

/** What each outcome means for whoever asked. */
export const OUTCOME_WORDS: Readonly<Record<LeaseOutcome, string>> = {
  done: "done",
  known: "known already, and not for less",
  "no-link": "lan serves no link of that name",
  "off-link": "of no prefix and no pool of its link",
  "not-assignable": "our own address, or one that no host may have",
  held: "somebody else holds it",
  overlapping: "a part of the prefix is in use",
  "no-client": "it names no client",
  "bad-value": "preferred longer than valid, or bits behind the length of its prefix",
  over: "its time is over",
  "leases-full": "the server holds as many leases as it may",
  "client-full": "its client holds as many leases as it may",
  absent: "there is no such lease",
  "disk-full": "the disk is full, so nothing is changed",
};

/** @returns an outcome for each, in their order; ends the command when nobody may, can or does */
export async function change(options: Common, changes: Changes): Promise<readonly LeaseOutcome[]> {
  for (let tries = 1; ; tries++) {
    const { status, body } = await answer(options, "POST", "/v1/leases", JSON.stringify(changes));
    const { hint, text, outcomes = [] } = body as Partial<LeasesChanged> & { readonly hint?: string; readonly text?: string };
    if (status === 200) return outcomes;
    if (status === 400) finish(EXIT.usage, escapeText(hint ?? "this was not understood"));
    if (status === 403) finish(EXIT.failed, escapeText(text ?? "only root may do this; use sudo"));
    if (status === 404) finish(EXIT.absent, escapeText(hint ?? BUSY));
    if (tries === TRIES) finish(EXIT.absent, "nobody said in time whether it was done; leasehold leases list tells, and asking again does no harm");
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}
