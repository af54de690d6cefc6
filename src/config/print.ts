/** A configuration as understood, printed back as TOML: parse(print(parse(x))) equals parse(x). */
import type { Config } from "./schema.ts";

export function printConfig({ uplink4 }: Config): string {
  return uplink4.interfaces
    .map(({ name, hostName, clientId, retransmitSeconds, denyServers }) =>
      [
        `[uplink4.${/^[A-Za-z0-9_-]+$/.test(name) ? name : JSON.stringify(name)}]`,
        `host_name = ${JSON.stringify(hostName)}`,
        ...(clientId === undefined ? [] : [`client_id = ${JSON.stringify(clientId.match(/../g)?.join(":") ?? "")}`]),
        `retransmit_seconds = ${retransmitSeconds}`,
        ...(denyServers.length === 0 ? [] : [`ignore_servers = [${denyServers.map((server) => JSON.stringify(server)).join(", ")}]`]),
        "",
      ].join("\n"),
    )
    .join("\n");
}
