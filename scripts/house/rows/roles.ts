/** The roles of the gateway, as the kernel tells of them. */
import { readFileSync } from "node:fs";
import type { HouseFacts } from "../facts.ts";
import type { Row } from "./row.ts";

/** Frontend, four engines, fetcher. */
const ROLES = 6;

export function roleRows({ mainPid, ownIds }: HouseFacts): readonly Row[] {
  const children = readFileSync(`/proc/${mainPid}/task/${mainPid}/children`, "utf8").trim().split(/\s+/).filter(Boolean);
  const status = children.map((pid) => readFileSync(`/proc/${pid}/status`, "utf8"));
  const field = (text: string, name: string): string => new RegExp(`^${name}:\\s+(\\S+)`, "m").exec(text)?.[1] ?? "";
  const fenced =
    status.length >= ROLES &&
    status.every((text) => /^0+$/.test(field(text, "CapEff")) && field(text, "Seccomp") === "2" && field(text, "NoNewPrivs") === "1");
  const uids = status.map((text) => field(text, "Uid"));
  const own = new Set(uids).size === uids.length && !uids.includes("0") && uids.length >= ROLES;
  const confined = {
    what: "every role runs without rights, behind a system-call filter",
    confirmed: fenced,
    fact: `${status.length} roles`,
    source: "kernel",
  };
  const ids = {
    what: ownIds ? "every role has a user id of its own" : "roles share one user id (a user namespace maps no more)",
    confirmed: own === ownIds,
    fact: uids.join(" "),
    source: "kernel",
  };
  return [confined, ids];
}
