/** Whether an uplink is there, is of a kind that DHCPv4 can be spoken on, and has carrier; and whether the clock can be believed. */
import type { Finding, Subject } from "./findings.ts";
import type { System } from "./system.ts";

const IFF_UP = 1;
/** ARPHRD_ETHER. */
const ETHERNET = "1";
const NO_ADDRESS = /^(?:00:)*00$/;
/** Nothing of this program is older. */
const EARLIEST = Date.UTC(2025, 0, 1);
const LATEST = Date.UTC(2100, 0, 1);

export function interfaceFindings(system: System, { uplinks4, uplinks6 }: Subject): readonly Finding[] {
  const names = [...new Set([...uplinks4, ...uplinks6])];
  return names.flatMap((name) => oneInterface(system, name, uplinks4.includes(name)));
}

function oneInterface(system: System, name: string, ipv4: boolean): readonly Finding[] {
  const about = name;
  const at = (file: string): string => system.read(`/sys/class/net/${name}/${file}`)?.trim() ?? "";
  if (at("ifindex") === "")
    return [
      { severity: "warning", code: "interface-missing", about, text: `there is no interface ${name} yet; it is served as soon as there is one` },
    ];
  const address = at("address");
  if (ipv4 && (at("type") !== ETHERNET || address === "" || NO_ADDRESS.test(address)))
    return [
      {
        severity: "error",
        code: "no-hardware-address",
        about,
        text: `${name} is no Ethernet link with a hardware address (a TUN or PPP device, or a tunnel), and DHCPv4 knows hosts by theirs`,
        todo: `take [uplink4.${name}] out of the configuration`,
      },
    ];
  if ((Number(at("flags")) & IFF_UP) === 0)
    return [{ severity: "warning", code: "interface-down", about, text: `${name} is set down`, todo: `ip link set ${name} up` }];
  return at("carrier") === "1" ? [] : [{ severity: "warning", code: "no-carrier", about, text: `${name} has no carrier: nothing answers on it` }];
}

/** Boards without a clock of their own start in 1970. */
export function clockFindings({ now }: System): readonly Finding[] {
  if (now > EARLIEST && now < LATEST) return [];
  const text = `the clock says ${new Date(now).toISOString()}: leases on disk cannot be told old from new until it is set`;
  return [{ severity: "warning", code: "clock-implausible", about: "host", text, todo: "timedatectl set-ntp true" }];
}
