/** What a configuration may say: one entry a key, with the hint a person gets when it is wrong. */
import { hostname } from "node:os";
import { z } from "zod";
import { parseDomainName } from "../base/domain.ts";
import { parseIpv4 } from "../base/ipv4.ts";
import { LIMITS } from "../base/limits.ts";
import type { Uplink4Config, Uplink4Interface } from "../services/uplink4/config.ts";
import type { ClientId } from "../wire/dhcp4/vendor.ts";

export type Config = { readonly uplink4: Uplink4Config };

const INTERFACE_NAME = /^[^\s/:\p{Cc}]{1,15}$/u;

const ipv4 = z.string().transform((text, context) => {
  const address = parseIpv4(text);
  if (address === undefined)
    context.addIssue({ code: "custom", message: `"${text}" is no IPv4 address`, params: { hint: 'four decimal numbers, such as "192.0.2.1"' } });
  return address ?? z.NEVER;
});

const hostName = z.string().refine((text) => text === "" || parseDomainName(text) !== undefined, {
  message: "this is no host name",
  params: { hint: 'letters, digits and hyphens, at most 63 in a label; "" sends none' },
});

const clientId = z.string().transform((text, context) => {
  const hex = text.replaceAll(":", "").toLowerCase();
  if (!/^([0-9a-f]{2}){2,255}$/.test(hex))
    context.addIssue({
      code: "custom",
      message: "this is no client identifier",
      params: { hint: 'two to 255 octets in hexadecimal, the first is the type: "01:02:00:5e:10:00:01"' },
    });
  return hex as ClientId;
});

const uplink4Interface = z.strictObject({
  host_name: hostName.optional(),
  client_id: clientId.optional(),
  retransmit_seconds: z.number().min(0.25).max(64).default(4),
  ignore_servers: z.array(ipv4).max(LIMITS.addressesPerOption).default([]),
});

const interfaceName = z.string().regex(INTERFACE_NAME, { message: "this is no name of an interface" });

export const schema = z.strictObject({
  uplink4: z.record(interfaceName, uplink4Interface).default({}),
});

/** From what the file says to what services read: every default is filled in here. */
export function configOf(file: z.output<typeof schema>): Config {
  const systemName = hostname().split(".")[0] ?? "";
  const interfaces = Object.entries(file.uplink4).map(
    ([name, given]): Uplink4Interface => ({
      name,
      hostName: given.host_name ?? (parseDomainName(systemName) === undefined ? "" : systemName),
      clientId: given.client_id,
      retransmitSeconds: given.retransmit_seconds,
      denyServers: given.ignore_servers,
    }),
  );
  return { uplink4: { interfaces } };
}
