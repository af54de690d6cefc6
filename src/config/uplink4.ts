/** `[uplink4.INTERFACE]`. */
import { hostname } from "node:os";
import { z } from "zod";
import { parseDomainName } from "../base/domain.ts";
import { LIMITS } from "../base/limits.ts";
import { standardUplink, type Uplink4Config } from "../services/uplink4/config.ts";
import type { ClientId } from "../wire/dhcp4/vendor.ts";
import { interfaceName, ipv4 } from "./kinds.ts";

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

export const uplink4Schema = z.record(
  interfaceName,
  z.strictObject({
    host_name: hostName.default(systemName),
    client_id: clientId.optional(),
    retransmit_seconds: z.number().min(0.25).max(64).default(4),
    ignore_servers: z.array(ipv4).max(LIMITS.addressesPerOption).default([]),
  }),
);

export function uplink4Of(file: z.output<typeof uplink4Schema>): Uplink4Config {
  const interfaces = Object.entries(file).map(([name, given]) => ({
    ...standardUplink(name),
    hostName: given.host_name,
    clientId: given.client_id,
    retransmitSeconds: given.retransmit_seconds,
    denyServers: given.ignore_servers,
  }));
  return { interfaces };
}

function systemName(): string {
  const name = hostname().split(".")[0] ?? "";
  return parseDomainName(name) === undefined ? "" : name;
}
