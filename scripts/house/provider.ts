/**
 * A DHCPv4 provider on a real link, for the house and for tests in network namespaces: the simulator's actor on real sockets.
 *
 *   node --import tsx scripts/house/provider.ts --interface IF --address 192.0.2.1/24 --pool 192.0.2.100-199 \
 *     [--lease-seconds 60] [--renew-seconds 5] [--json-events FILE|FD] [--set-up] [--beyond 203.0.113.1]
 *
 * The address must stand on the interface, or --set-up waits for the interface and puts it there; --beyond is one more address of
 * this host, reached only by a route. Each thing it does is one line of JSON (ProviderLine), on standard output by default.
 */
import { appendFileSync, writeSync } from "node:fs";
import { parseArgs } from "node:util";
import { type Ipv4Address, parseIpv4 } from "../../src/base/ipv4.ts";
import { serveOnLink } from "../../src/sim/real/provider-socket.ts";
import { holdAddresses } from "./addresses.ts";

const text = { type: "string" } as const;
const { values } = parseArgs({
  options: {
    interface: text,
    address: text,
    pool: text,
    "lease-seconds": { ...text, default: "60" },
    "renew-seconds": text,
    "json-events": { ...text, default: "1" },
    "set-up": { type: "boolean", default: false },
    beyond: text,
  },
});
const [own = "", length = "24"] = (values.address ?? "").split("/");
const [first = "", last = ""] = (values.pool ?? "").split("-");
const events = values["json-events"];

if (values["set-up"])
  await holdAddresses(values.interface ?? usage("--interface is missing"), {
    address: address(own),
    prefixLength: number(length),
    beyond: values.beyond,
  });
serveOnLink({
  interface: values.interface ?? usage("--interface is missing"),
  provider: {
    address: address(own),
    prefixLength: number(length),
    poolFirst: address(first),
    poolLast: address(/^\d+$/.test(last) ? first.replace(/\d+$/, last) : last),
    leaseSeconds: number(values["lease-seconds"]),
    ...(values["renew-seconds"] === undefined ? {} : { renewalSeconds: number(values["renew-seconds"]) }),
  },
  onEvent: (line) => {
    const bytes = `${JSON.stringify(line)}\n`;
    if (/^\d+$/.test(events)) writeSync(Number(events), bytes);
    else appendFileSync(events, bytes);
  },
});

function address(given: string): Ipv4Address {
  return parseIpv4(given) ?? usage(`"${given}" is no IPv4 address`);
}

function number(given: string): number {
  return /^\d+$/.test(given) ? Number(given) : usage(`"${given}" is no number`);
}

function usage(why: string): never {
  process.stderr.write(
    `provider: ${why}\nusage: provider.ts --interface IF --address A/LENGTH --pool FIRST-LAST [--lease-seconds N] [--renew-seconds N] [--json-events FILE|FD] [--set-up] [--beyond A]\n`,
  );
  process.exit(2);
}
