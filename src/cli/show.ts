/** `leasehold show`: sentences first, then what was counted. */
import type { LeaseView, Uplink4View, UplinkView } from "../services/uplink4/view.ts";
import { escapeText } from "../base/text.ts";

export type MainView = {
  readonly configuration: string;
  readonly generation: number;
  readonly startedAt: string;
  readonly logLevel: string;
  readonly pid: number;
  readonly roles: readonly { readonly name: string; readonly pid: number; readonly restarts: number; readonly jit: boolean }[];
  readonly refused: Readonly<Record<string, number>>;
  readonly lacking: readonly string[];
};
export type Shown = { readonly main: MainView; readonly uplink4: Uplink4View | null };

const STATES: Readonly<Record<string, string>> = {
  down: "has no carrier",
  selecting: "is looking for a server",
  requesting: "asks a server for the address it offered",
  rebooting: "asks whether its address from before still holds",
  bound: "holds its address",
  renewing: "renews its address with the server that gave it",
  rebinding: "asks any server to extend its address",
  "backing-off": "was refused and waits before it asks again",
};

export function sentences({ main, uplink4 }: Shown): string {
  const roles = main.roles
    .map(({ name, pid, restarts, jit }) => `${name} ${pid}${restarts > 0 ? ` (restarted ${restarts}x)` : ""}${jit ? " (with JIT)" : ""}`)
    .join(", ");
  const lines = [`leasehold runs since ${main.startedAt} with ${main.configuration} (generation ${main.generation}): main ${main.pid}, ${roles}.`];
  for (const what of main.lacking) lines.push(`This machine lacks a fence: ${what}.`);
  if (uplink4 === null) lines.push("uplink4 does not answer: its engine is starting, or restarting.");
  for (const uplink of uplink4?.uplinks ?? []) lines.push("", ...uplinkLines(uplink));
  const refusals = counted(main.refused);
  if (refusals !== "") lines.push("", `main refused: ${refusals}`);
  return `${lines.map(escapeText).join("\n")}\n`;
}

function uplinkLines(uplink: UplinkView): readonly string[] {
  const { interface: name, lease } = uplink;
  const state = uplink.present ? (STATES[uplink.state] ?? uplink.state) : "does not exist yet";
  const lines = [`${name} ${state}, since ${uplink.since}.`];
  if (lease !== null) lines.push(...leaseLines(lease));
  if (uplink.nextDeadline !== null) lines.push(`  next: ${uplink.nextDeadline}`);
  lines.push(`  sent: ${counted(uplink.sent) || "nothing"}; received: ${uplink.received} frames; ignored: ${counted(uplink.ignored) || "none"}`);
  return lines;
}

function leaseLines(lease: LeaseView): readonly string[] {
  const routes = lease.routes.map(({ destination, gateway }) => `${destination} via ${gateway}`).join(", ");
  return [
    `  ${lease.address}/${lease.prefixLength} from ${lease.server}, until ${lease.expiresAt ?? "for ever"}${lease.configured ? "" : " (not confirmed yet)"}`,
    ...(routes === "" ? [] : [`  routes: ${routes}`]),
    ...(lease.nameServers.length === 0
      ? []
      : [`  name servers: ${lease.nameServers.join(", ")}${lease.searchDomains.length === 0 ? "" : `; search ${lease.searchDomains.join(" ")}`}`]),
    ...(lease.renewsAt === null ? [] : [`  renews at ${lease.renewsAt}, rebinds at ${lease.rebindsAt ?? "never"}`]),
  ];
}

function counted(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .map(([reason, count]) => `${reason} ${count}`)
    .join(", ");
}
