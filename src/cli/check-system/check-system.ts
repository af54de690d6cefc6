/** `leasehold check --system`: everything that was found, worst first, each with what to do. */
import { escapeText } from "../../base/text.ts";
import type { Config } from "../../config/schema.ts";
import { entryFor } from "../../services/uplink4/config.ts";
import type { Delegation } from "../../services/uplink6/config.ts";
import { type Finding, SEVERITIES, type Subject } from "./findings.ts";
import { firewallFindings } from "./firewall.ts";
import { clockFindings, interfaceFindings } from "./interfaces.ts";
import { kernelFindings } from "./kernel.ts";
import { managerFindings } from "./managers.ts";
import { managerFindings6 } from "./managers6.ts";
import { resolverFindings } from "./resolvers.ts";
import type { System } from "./system.ts";

export function checkSystem(system: System, subject: Subject): readonly Finding[] {
  const all = [
    ...interfaceFindings(system, subject),
    ...clockFindings(system),
    ...kernelFindings(system, subject),
    ...managerFindings(system, subject),
    ...managerFindings6(system, subject),
    ...firewallFindings(system, subject),
    ...resolverFindings(system, subject),
  ];
  return SEVERITIES.flatMap((severity) => all.filter((finding) => finding.severity === severity));
}

/** What a configuration means on this machine: patterns become the links they match. */
export function subjectOf(config: Config, system: System, runtimeDir: string): Subject {
  const links = system.list("/sys/class/net");
  const wanted = config.uplink4 ?? { interfaces: [] };
  const exact = wanted.interfaces.map(({ name }) => name).filter((name) => !/[*?]/.test(name));
  const matched = links.filter((name) => entryFor(wanted, name) !== undefined);
  return {
    uplinks4: [...new Set([...exact, ...matched])],
    uplinks6: (config.uplink6 ?? []).map(({ name }) => name),
    lan: (config.lan?.interfaces ?? []).map(({ name }) => name),
    delegated: [...new Set((config.uplink6 ?? []).flatMap(({ delegations }) => delegations.flatMap(interfacesOf)))],
    resolver: config.host.resolver,
    runtimeDir,
  };
}

function interfacesOf({ targets }: Delegation): readonly string[] {
  return targets.flatMap((to) => to.interface ?? []);
}

export function findingLines(findings: readonly Finding[]): readonly string[] {
  if (findings.length === 0) return ["Nothing was found that is in the way."];
  return findings.flatMap(({ severity, about, text, todo }) => [
    escapeText(`${severity}: ${about === "host" ? "" : `${about}: `}${text}`),
    ...(todo === undefined ? [] : [`  ${escapeText(todo)}`]),
  ]);
}
