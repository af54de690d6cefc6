/** What an answer of a DHCPv6 server gives a host, and what no server may say (RFC 9915 §14.2, §18.3, §21.4-§21.6). */
import type { Duid } from "../../base/duid.ts";
import { type Ipv6Address, type Ipv6Prefix, isRoutableV6 } from "../../base/ipv6.ts";
import { after, earliest, INFINITE_SECONDS, type Instant, NEVER } from "../../base/time.ts";
import { STATUS } from "../../wire/dhcp6/leases.ts";
import type { Dhcp6ClientMessage } from "../../wire/dhcp6/message.ts";

type Lifetime = { readonly preferredUntil: Instant; readonly validUntil: Instant };
/** What a host was promised. */
export type Held6 = Lifetime & ({ readonly kind: "address"; readonly value: Ipv6Address } | { readonly kind: "prefix"; readonly value: Ipv6Prefix });
export type Given = {
  readonly held: readonly Held6[];
  /** Named with a valid lifetime of zero: not to be used any more. */
  readonly withdrawn: readonly string[];
  readonly noBinding: boolean;
  /** The first status that is not Success, else Success. */
  readonly status: number;
  readonly renewAt: Instant;
  readonly rebindAt: Instant;
};

type Times = { readonly preferredSeconds: number; readonly validSeconds: number };
type Item = Times & { readonly kind: "address" | "prefix"; readonly value: string };
type Ia = {
  readonly iaid: number;
  readonly renewSeconds: number;
  readonly rebindSeconds: number;
  readonly status: number;
  readonly items: readonly Item[];
};

export function givenIn(message: Dhcp6ClientMessage, now: Instant): Given {
  const ias = iasIn(message);
  const items = ias.flatMap((ia) => (ia.status === STATUS.success ? ia.items : []));
  const statuses = [message.options.status?.code ?? STATUS.success, ...ias.map(({ status }) => status)];
  const held = items.filter(({ validSeconds }) => validSeconds > 0).map((item) => heldOf(item, now));
  const shortest = Math.min(
    INFINITE_SECONDS,
    ...items.filter(({ validSeconds }) => validSeconds > 0).map(({ preferredSeconds }) => preferredSeconds),
  );
  const at = (name: "renewSeconds" | "rebindSeconds", part: number): Instant =>
    earliest(...ias.filter(({ items: some }) => some.length > 0).map((ia) => after(now, ia[name] === 0 ? share(shortest, part) : ia[name])));
  return {
    held,
    withdrawn: items.filter(({ validSeconds }) => validSeconds === 0).map(({ value }) => value),
    noBinding: statuses.includes(STATUS.noBinding),
    status: statuses.find((status) => status !== STATUS.success) ?? STATUS.success,
    renewAt: held.length === 0 ? NEVER : at("renewSeconds", 0.5),
    rebindAt: held.length === 0 ? NEVER : at("rebindSeconds", 0.8),
  };
}

/** @returns what is wrong with an answer whatever the server's policy, or undefined */
export function faultIn(message: Dhcp6ClientMessage, { duid, iaid }: { readonly duid: Duid; readonly iaid: number }): string | undefined {
  const { serverId, clientId } = message.options;
  if (message.malformed.length > 0) return `malformed option ${message.malformed[0]?.code}`;
  if (clientId !== duid) return "another client's identifier";
  if (serverId === undefined) return "no server identifier";
  const ias = iasIn(message);
  const foreign = ias.find((ia) => ia.iaid !== iaid);
  if (foreign !== undefined) return `IAID ${foreign.iaid} was not asked for`;
  if (ias.some(({ renewSeconds, rebindSeconds }) => rebindSeconds !== 0 && renewSeconds > rebindSeconds)) return "T1 is later than T2";
  const items = ias.flatMap((ia) => ia.items);
  const upsideDown = items.find(({ preferredSeconds, validSeconds }) => preferredSeconds > validSeconds);
  if (upsideDown !== undefined) return `${upsideDown.value} is preferred for longer than it is valid`;
  const useless = items.find(({ value, validSeconds }) => validSeconds > 0 && !isRoutableV6((value.split("/")[0] ?? value) as Ipv6Address));
  return useless === undefined ? undefined : `${useless.value} is no address for a host`;
}

function iasIn({ options }: Dhcp6ClientMessage): readonly Ia[] {
  const na = (options.iaNa ?? []).map((ia): Ia => {
    const items = (ia.options.iaAddress ?? []).map(({ address, preferredSeconds, validSeconds }) => ({
      kind: "address" as const,
      value: address,
      preferredSeconds,
      validSeconds,
    }));
    return { ...ia, status: ia.options.status?.code ?? STATUS.success, items };
  });
  const pd = (options.iaPd ?? []).map((ia): Ia => {
    const items = (ia.options.iaPrefix ?? []).map(({ prefix, preferredSeconds, validSeconds }) => ({
      kind: "prefix" as const,
      value: prefix,
      preferredSeconds,
      validSeconds,
    }));
    return { ...ia, status: ia.options.status?.code ?? STATUS.success, items };
  });
  return [...na, ...pd];
}

function heldOf({ kind, value, preferredSeconds, validSeconds }: Item, now: Instant): Held6 {
  const lifetime = { preferredUntil: after(now, preferredSeconds), validUntil: after(now, validSeconds) };
  return kind === "address" ? { kind, value: value as Ipv6Address, ...lifetime } : { kind, value: value as Ipv6Prefix, ...lifetime };
}

function share(seconds: number, part: number): number {
  return seconds >= INFINITE_SECONDS ? INFINITE_SECONDS : seconds * part;
}
