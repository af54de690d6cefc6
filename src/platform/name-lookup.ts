/** Addresses of a server's name from the given resolvers: c-ares, never the C library, whose NSS may ask this very program. */
import { promises } from "node:dns";
import { isIP } from "node:net";
import type { ServiceNames, ServiceRecord, StreamTarget } from "../ports/tls-streams.ts";

const TIMEOUT_MS = 2000;
const TRIES = 2;

/** IPv6 and IPv4 in turn, in the order they were given (RFC 8305 §4). @throws Error that says why there is none */
export async function addressesOf({ host, address, resolvers }: StreamTarget): Promise<readonly string[]> {
  if (address !== undefined || isIP(host) !== 0) return [address ?? host];
  if (resolvers.length === 0) throw new Error(`nobody to ask for the address of ${host}`);
  const resolver = resolverOf(resolvers);
  const [six, four] = await Promise.allSettled([resolver.resolve6(host), resolver.resolve4(host)]);
  const [sixes, fours] = [six, four].map((answer) => (answer.status === "fulfilled" ? answer.value : []));
  const addresses = interleaved(sixes ?? [], fours ?? []);
  if (addresses.length > 0) return addresses;
  throw four.status === "rejected" ? four.reason : new Error(`${host} has no address`);
}

export const serviceNames: ServiceNames = {
  records: (service, resolvers, answered) => {
    servicesOf(service, resolvers).then(answered, (error: unknown) => answered(error instanceof Error ? error.message : String(error)));
  },
};

async function servicesOf(service: string, resolvers: readonly string[]): Promise<readonly ServiceRecord[]> {
  if (resolvers.length === 0) throw new Error("nobody to ask");
  const records = await resolverOf(resolvers).resolveSrv(service);
  return records.map(({ name, port, priority, weight }) => ({ target: name, port, priority, weight }));
}

function resolverOf(resolvers: readonly string[]): promises.Resolver {
  const resolver = new promises.Resolver({ timeout: TIMEOUT_MS, tries: TRIES });
  resolver.setServers(resolvers);
  return resolver;
}

function interleaved(a: readonly string[], b: readonly string[]): readonly string[] {
  return Array.from({ length: Math.max(a.length, b.length) }, (_, i) => [a[i], b[i]])
    .flat()
    .filter((each) => each !== undefined);
}
