/** What the operator says about `uplink4`: parsed by `config`, carried to the engine as a frame. */
import { type ClientConfig, type SentOption, STANDARD } from "../../machines/dhcp4-client/config.ts";

/** What concerns the kernel and the host, not the conversation: main reads most of it and trusts no engine with it. */
export type HostWishes = {
  /** Cost of our routes; undefined: 1024, and 3000 where the link is wireless. */
  readonly metric: number | undefined;
  /** Routing table our routes stand in; undefined is the main one. */
  readonly table: number | undefined;
  /** Routes get the MTU the server tells (option 26), where it is not below this; undefined: never. */
  readonly mtuMinBytes: number | undefined;
  /** The host takes the name the server gives it (option 12). */
  readonly useHostName: boolean;
  /** SO_PRIORITY of what we send: VLAN priorities are made of it. */
  readonly socketPriority: number | undefined;
  readonly ignoreDns: boolean;
  /** "classless": option 121 and 249 are passed over and 3 and 33 are used, so that a server cannot draw traffic away from the default route. */
  readonly ignoreRoutes: "none" | "classless" | "all";
};
export type Uplink4Interface = ClientConfig &
  HostWishes & {
    /** The interface's name in the kernel, or a pattern with `*` and `?`: an exact name goes before patterns, those go in their order. */
    readonly name: string;
    /** Where option 61 comes from when `clientId` is undefined: 01 and the hardware address, or RFC 4361's 255, IAID and DUID. */
    readonly identity: "mac" | "duid";
    /** Whether `hostName` follows the system's name: main tells it anew when that changes. */
    readonly systemHostName: boolean;
  };
export type Uplink4Config = { readonly interfaces: readonly Uplink4Interface[] };

/** The entry that an interface is served by: the one of its name, else the first pattern that it matches. */
export function entryFor(config: Uplink4Config, name: string): Uplink4Interface | undefined {
  const entry = config.interfaces.find((one) => one.name === name) ?? config.interfaces.find((one) => matches(one.name, name));
  return entry === undefined ? undefined : { ...entry, name };
}

export function isPattern(name: string): boolean {
  return name.includes("*") || name.includes("?");
}

/** `*` stands for any characters, `?` for one. The loopback interface matches no pattern. */
function matches(pattern: string, name: string): boolean {
  if (!isPattern(pattern) || name === "lo") return false;
  const parts = pattern.split("").map((char) => (char === "*" ? ".*" : char === "?" ? "." : char.replace(/[^A-Za-z0-9]/g, "\\$&")));
  return new RegExp(`^${parts.join("")}$`).test(name);
}

/** What holds where the operator said nothing but the name. */
export function standardUplink(name: string): Uplink4Interface {
  return { ...STANDARD, ...HOST_STANDARD, name, identity: "mac", systemHostName: false };
}

const HOST_STANDARD: HostWishes = {
  metric: undefined,
  table: undefined,
  mtuMinBytes: undefined,
  useHostName: false,
  socketPriority: undefined,
  ignoreDns: false,
  ignoreRoutes: "none",
};

/** Option 90 (RFC 3118): in no record, view or log. */
const SECRET_CODES: readonly number[] = [90];

/** The part of an entry that is the conversation's, without what nobody may read. */
export function clientConfigOf(entry: Uplink4Interface): { readonly config: ClientConfig; readonly secretOptions: readonly SentOption[] } {
  const known = Object.fromEntries(Object.keys(STANDARD).map((key) => [key, entry[key as keyof ClientConfig]])) as ClientConfig;
  const isSecret = ({ code }: SentOption): boolean => SECRET_CODES.includes(code);
  return { config: { ...known, sendOptions: entry.sendOptions.filter((one) => !isSecret(one)) }, secretOptions: entry.sendOptions.filter(isSecret) };
}
