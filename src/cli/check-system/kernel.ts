/** What the kernel must be told for an uplink to work on a router: forwarding, router advertisements, reverse path filters. */
import type { Finding, Subject } from "./findings.ts";
import { type System, sysctl } from "./system.ts";

const STRICT = 1;

export function kernelFindings(system: System, subject: Subject): readonly Finding[] {
  const uplinks = [...new Set([...subject.uplinks4, ...subject.uplinks6])];
  return [
    ...forwarding(system, subject),
    ...subject.uplinks6.flatMap((name) => switchedOff(system, name)),
    ...uplinks.flatMap((name) => routerAdvertisements(system, name, subject)),
    ...uplinks.flatMap((name) => reversePath(system, name, uplinks.length)),
  ];
}

/** A host that serves a LAN, or hands on what it is delegated, is a router, or hosts reach nothing. */
function forwarding(system: System, { lan, delegated, uplinks4, uplinks6 }: Subject): readonly Finding[] {
  const families = [
    { family: "IPv4", key: "net/ipv4/ip_forward", behind: uplinks4.length > 0 ? lan : [] },
    { family: "IPv6", key: "net/ipv6/conf/all/forwarding", behind: uplinks6.length > 0 ? [...new Set([...lan, ...delegated])] : [] },
  ];
  return families
    .filter(({ key, behind }) => behind.length > 0 && sysctl(system, key) === 0)
    .map(({ family, key, behind }) => ({
      severity: "error" as const,
      code: "no-forwarding",
      about: "host",
      text: `${family} forwarding is off: hosts on ${behind.join(", ")} reach nothing beyond this machine`,
      todo: `sysctl -w ${key.replaceAll("/", ".")}=1`,
    }));
}

function switchedOff(system: System, name: string): readonly Finding[] {
  if (sysctl(system, `net/ipv6/conf/${name}/disable_ipv6`) !== 1) return [];
  const todo = `sysctl -w ${ofInterface("ipv6", name)}.disable_ipv6=0`;
  return [{ severity: "error", code: "ipv6-disabled", about: name, text: `IPv6 is switched off on ${name}: it has no address to ask from`, todo }];
}

/** With forwarding on, 1 means no and 2 means yes; 0 is always no. What will have to forward is looked at as if it did. */
function routerAdvertisements(system: System, name: string, { uplinks6, lan, delegated }: Subject): readonly Finding[] {
  const folder = `net/ipv6/conf/${name}`;
  const accepted = sysctl(system, `${folder}/accept_ra`);
  const needed = uplinks6.includes(name);
  const forwards = sysctl(system, `${folder}/forwarding`) === 1 || (needed && lan.length + delegated.length > 0);
  if (accepted === undefined || accepted === 2 || (accepted === 1 && !forwards) || (accepted === 0 && !needed)) return [];
  const why = forwards ? `${name} forwards IPv6 and accept_ra is ${accepted}, not 2` : `accept_ra of ${name} is 0`;
  return [
    {
      severity: needed ? "error" : "warning",
      code: "router-advertisements-ignored",
      about: name,
      text: `${why}: the kernel takes no IPv6 address and no default route from this link`,
      todo: `sysctl -w ${ofInterface("ipv6", name)}.accept_ra=2`,
    },
  ];
}

/** The higher of the two values counts. */
function reversePath(system: System, name: string, uplinks: number): readonly Finding[] {
  const values = [sysctl(system, "net/ipv4/conf/all/rp_filter"), sysctl(system, `net/ipv4/conf/${name}/rp_filter`)];
  if (Math.max(...values.map((value) => value ?? 0)) !== STRICT) return [];
  const several = uplinks > 1;
  return [
    {
      severity: several ? "warning" : "note",
      code: "reverse-path-strict",
      about: name,
      text: several
        ? `rp_filter of ${name} is strict: with ${uplinks} uplinks, answers that come in on another one than the best route are dropped`
        : `rp_filter of ${name} is strict; that is right as long as there is one uplink`,
      ...(several ? { todo: `sysctl -w ${ofInterface("ipv4", name)}.rp_filter=2` } : {}),
    },
  ];
}

/** A dot in an interface's name is written as a slash there. */
function ofInterface(family: "ipv4" | "ipv6", name: string): string {
  return `net.${family}.conf.${name.replaceAll(".", "/")}`;
}
