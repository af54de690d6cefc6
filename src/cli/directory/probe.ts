/** `leasehold directory probe [SOURCE]`: each step of reading it, how long it took, and what to do where it failed. */
import { escapeText } from "../../base/text.ts";
import type { ProbeStep } from "../../services/directory/probe/report.ts";
import type { ProbeView } from "../../services/directory/probe/probes.ts";
import type { Common } from "../asking.ts";
import { EXIT, finish, jsonLine, print } from "../output.ts";
import { many } from "../show/words.ts";
import { conflictsOf } from "./conflicts.ts";
import { asked, directoryView, LOOK_MS, pause, told } from "./asked.ts";

const PATIENCE_MS = 70_000;
/** What to do, by the first words that fit what went wrong. */
const HINTS: readonly (readonly [RegExp, string])[] = [
  [/^resolve\b/, "is the name right? It is looked for in /etc/hosts and with the name servers of /etc/resolv.conf, never through NSS"],
  [
    /^connect\b/,
    "does the server listen on that port, and does a firewall let it through? transport says which port is usual: 636 for ldaps, else 389",
  ],
  [/^certificate\b/, "the certificate must carry the name that `server` has, and its authority must stand in ca_file"],
  [/^tls\b(?!-)/, "does the server speak TLS on this port? ldaps has its own port, starttls begins on that of plain LDAP; TLS 1.2 is the least"],
  [/tls-refused/, 'the server does not know StartTLS: transport = "ldaps"'],
  [/bind-refused 49|code 49/, "the name or the password is wrong: bind_dn, and the file of bind_password_file"],
  [/bind-refused 8|code 8\b|code 13/, "the server takes no password in the clear: transport"],
  [/no-password/, "the file of bind_password_file is empty"],
  [/search-refused 32|code 32/, "there is no such base: user_base, group_base"],
  [/search-refused 50|code 50/, "whoever bind_dn is may not read this"],
  [/search-refused 4\b|code 4\b/, "the server's size limit counts over all pages: it has to be raised for bind_dn"],
  [/search-refused (?:3|11)\b|code (?:3|11)\b/, "the server's own limits for one search are too narrow for bind_dn"],
  [/search-refused 10|code 10\b/, "the server refers to another one: name that one"],
  [/idle-timeout|update-timeout/, "the server takes too long; is it busy, or does the filter need an index?"],
  [/closed|broken/, "the server ended the connection; its log says why"],
];

export async function probe(source: string, options: Common): Promise<never> {
  const before = await told<ProbeView>(options, "/v1/directory/probe");
  await asked(options, `/v1/directory/probe${source === "" ? "" : `/${encodeURIComponent(source)}`}`);
  const startedAt = Date.now();
  for (let shown = 0; ; ) {
    const report = await told<ProbeView>(options, "/v1/directory/probe");
    if (report.number > before.number) {
      if (options.json !== true) for (const step of report.steps.slice(shown)) print(1, stepLine(step));
      shown = report.steps.length;
      if (report.done) return end(options, report);
    }
    if (Date.now() - startedAt > PATIENCE_MS) finish(EXIT.absent, "the probe did not come to its end in time");
    await pause(LOOK_MS);
  }
}

async function end(options: Common, report: ProbeView): Promise<never> {
  const { reason, users, groups, lines, rejects } = report;
  const sound = reason === "";
  const hint = HINTS.find(([pattern]) =>
    [reason, ...report.steps.filter(({ ok }) => !ok).map(({ detail }) => detail)].some((text) => pattern.test(text)),
  )?.[1];
  const served = await directoryView(options);
  const conflicts = served.userdb === null ? [] : await conflictsOf(served.userdb.service);
  if (options.json === true) finish(sound ? EXIT.done : EXIT.failed, jsonLine({ ...report, hint: sound ? null : (hint ?? null), conflicts }), 1);
  const told = [
    sound ? `all of it could be read: ${many(users, "user")}, ${many(groups, "group")}; nothing of it is served by this` : `failed: ${reason}`,
    ...(sound || hint === undefined ? [] : [`  hint: ${hint}`]),
    ...(lines.length === 0 ? [] : ["as they would be served:", ...lines.map((line) => `  ${line}`)]),
    ...(rejects.length === 0 ? [] : ["left out:"]),
    ...rejects.map(({ reason: why, count, samples }) => `  ${count} ${why}${samples.length === 0 ? "" : `: ${samples.join("; ")}`}`),
    ...conflicts.map(({ service, kind, name }) => `conflict: ${kind} ${name} is also given by ${service}; programs take whichever answers first`),
    ...(served.snapshot === null
      ? []
      : [`served now, of all sources: ${many(served.snapshot.users, "user")}, ${many(served.snapshot.groups, "group")}`]),
  ];
  return finish(sound ? EXIT.done : EXIT.failed, told.map(escapeText).join("\n"));
}

function stepLine({ step, ok, ms, detail }: ProbeStep): string {
  return escapeText(`${ok ? "ok    " : "FAILED"} ${step.padEnd(8)} ${String(ms).padStart(6)} ms  ${detail}`).trimEnd();
}
