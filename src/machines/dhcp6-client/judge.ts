/** Judges an answer before anything changes: what each IA_PD of it comes to, and why a part of it is passed over (RFC 9915 §16, §18.2.10). */
import { type Ipv6Prefix, ipv6Covers, isRoutableV6, splitIpv6Prefix } from "../../base/ipv6.ts";
import { excludedPrefix, type IaPd, type IaPrefix, STATUS } from "../../wire/dhcp6/leases.ts";
import type { Dhcp6ClientMessage } from "../../wire/dhcp6/message.ts";
import { OPTIONS } from "../../wire/dhcp6/options.ts";
import type { ClientConfig, IgnoreReason, Offer } from "./state.ts";

export type GrantedPrefix = {
  readonly prefix: Ipv6Prefix;
  readonly excluded: Ipv6Prefix | undefined;
  readonly preferredSeconds: number;
  readonly validSeconds: number;
};
export type Verdict =
  | {
      readonly kind: "granted";
      readonly iaid: number;
      readonly granted: readonly GrantedPrefix[];
      /** Valid lifetime 0: not to be used any more. */
      readonly ended: readonly Ipv6Prefix[];
      readonly renewSeconds: number;
      readonly rebindSeconds: number;
    }
  | { readonly kind: "refused"; readonly iaid: number; readonly reason: IgnoreReason };
/** What an answer says of each wish it speaks of, and what of it was passed over. */
export type Answer = { readonly verdicts: readonly Verdict[]; readonly passedOver: readonly IgnoreReason[] };

/** Checks that hold for every Advertise and Reply. @returns why it is not for us, or undefined */
export function whyForeign({ duid }: ClientConfig, transactionId: number, message: Dhcp6ClientMessage): IgnoreReason | undefined {
  const { clientId, serverId } = message.options;
  if (message.kind === "reconfigure") return "reconfigure-unauthenticated";
  if (message.kind !== "advertise" && message.kind !== "reply") return "unexpected-type";
  if (message.transactionId !== transactionId) return "transaction-mismatch";
  if (clientId === undefined) return "client-id-missing";
  if (clientId !== duid) return "client-id-mismatch";
  return serverId === undefined ? "server-id-missing" : undefined;
}

/** Why a server refuses, by the status code of a message, an IA or a prefix. */
export function refusalOf(set: Pick<Dhcp6ClientMessage | IaPd | IaPrefix, "options">): IgnoreReason | undefined {
  switch (set.options.status?.code ?? STATUS.success) {
    case STATUS.success:
      return undefined;
    case STATUS.unspecFail:
      return "unspecified-failure";
    case STATUS.noBinding:
      return "no-binding";
    case STATUS.noAddrsAvail:
    case STATUS.noPrefixAvail:
      return "no-prefix-available";
    case STATUS.notOnLink:
      return "not-on-link";
    default:
      return "status-other";
  }
}

/** IAs that nobody wished for are passed over without a word. */
export function answerIn({ wishes }: ClientConfig, { options, malformed }: Dhcp6ClientMessage): Answer {
  const seen: Ipv6Prefix[] = [];
  const passedOver: IgnoreReason[] = malformed.flatMap(({ code }) => (code === OPTIONS.iaPd.code ? ["ia-malformed" as const] : []));
  const ours = (options.iaPd ?? []).filter(({ iaid }) => wishes.some((wish) => wish.iaid === iaid));
  const verdicts = ours.map((ia) => verdictOn(ia, seen, passedOver));
  return { verdicts, passedOver: [...passedOver, ...verdicts.flatMap((verdict) => (verdict.kind === "refused" ? [verdict.reason] : []))] };
}

/** What an Advertise offers. @returns undefined when it is nothing that was wished for */
export function offerIn({ wishes }: ClientConfig, message: Dhcp6ClientMessage, { verdicts }: Answer): Offer | undefined {
  const { serverId, preference = 0 } = message.options;
  const granted = verdicts.flatMap((verdict) =>
    verdict.kind === "granted" && verdict.granted.length > 0 ? [{ iaid: verdict.iaid, prefixes: verdict.granted.map(({ prefix }) => prefix) }] : [],
  );
  if (serverId === undefined || granted.length === 0) return undefined;
  const fits = (prefixes: readonly Ipv6Prefix[], most: number): boolean => prefixes.some((prefix) => splitIpv6Prefix(prefix).prefixLength <= most);
  const complete = wishes.every((wish) => granted.some(({ iaid, prefixes }) => iaid === wish.iaid && fits(prefixes, wish.prefixLength)));
  return { serverId, preference, complete, granted };
}

/** The better offer first: by preference, then by what is in it; of two alike the one that came first (RFC 9915 §18.2.9). */
export function byMerit(a: Offer, b: Offer): number {
  return b.preference - a.preference || Number(b.complete) - Number(a.complete) || b.granted.length - a.granted.length;
}

function verdictOn(ia: IaPd, seen: Ipv6Prefix[], passedOver: IgnoreReason[]): Verdict {
  const { iaid, renewSeconds, rebindSeconds, options, malformed } = ia;
  const refusal = refusalOf(ia);
  if (refusal !== undefined) return { kind: "refused", iaid, reason: refusal };
  if (renewSeconds > 0 && rebindSeconds > 0 && renewSeconds > rebindSeconds) return { kind: "refused", iaid, reason: "times-contradict" };
  for (const { code } of malformed) if (code === OPTIONS.iaPrefix.code) passedOver.push("prefix-malformed");
  const granted: GrantedPrefix[] = [];
  const ended: Ipv6Prefix[] = [];
  for (const one of options.iaPrefix ?? []) {
    const { prefix, preferredSeconds, validSeconds } = one;
    const why = whyUnusable(one, seen);
    if (why !== undefined) passedOver.push(why);
    if (validSeconds === 0) ended.push(prefix);
    if (why !== undefined || validSeconds === 0) continue;
    seen.push(prefix);
    const exclude = one.options.pdExclude;
    granted.push({ prefix, excluded: exclude === undefined ? undefined : excludedPrefix(prefix, exclude), preferredSeconds, validSeconds });
  }
  if (granted.length === 0 && ended.length === 0) return { kind: "refused", iaid, reason: "nothing-granted" };
  return { kind: "granted", iaid, granted, ended, renewSeconds, rebindSeconds };
}

function whyUnusable(one: IaPrefix, seen: readonly Ipv6Prefix[]): IgnoreReason | undefined {
  const { prefix, preferredSeconds, validSeconds } = one;
  const { address, prefixLength } = splitIpv6Prefix(prefix);
  const refusal = refusalOf(one);
  if (refusal !== undefined) return refusal;
  if (preferredSeconds > validSeconds) return "lifetimes-contradict";
  if (prefixLength === 0 || !isRoutableV6(address)) return "implausible-prefix";
  const overlaps = validSeconds > 0 && seen.some((other) => ipv6Covers(other, prefix) || ipv6Covers(prefix, other));
  return overlaps ? "prefix-overlaps" : undefined;
}
