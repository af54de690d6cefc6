/** Judges an answer before anything changes: what each IA of it comes to, and why a part of it is passed over (RFC 9915 §16, §18.2.10). */
import { type Ipv6Prefix, ipv6Covers, ipv6Prefix, isDelegableV6, splitIpv6Prefix } from "../../base/ipv6.ts";
import { excludedPrefix, type IaAddress, type IaNa, type IaPd, type IaPrefix, STATUS } from "../../wire/dhcp6/leases.ts";
import type { Dhcp6ClientMessage } from "../../wire/dhcp6/message.ts";
import { OPTIONS } from "../../wire/dhcp6/options.ts";
import { type Association, type ClientConfig, isSameIa } from "./config.ts";
import type { IgnoreReason, Offer } from "./state.ts";

export type GrantedPrefix = {
  readonly prefix: Ipv6Prefix;
  readonly excluded: Ipv6Prefix | undefined;
  readonly preferredSeconds: number;
  readonly validSeconds: number;
};
export type Verdict = Association &
  (
    | {
        readonly result: "granted";
        readonly granted: readonly GrantedPrefix[];
        /** Valid lifetime 0: not to be used any more. */
        readonly ended: readonly Ipv6Prefix[];
        readonly renewSeconds: number;
        readonly rebindSeconds: number;
      }
    | { readonly result: "refused"; readonly reason: IgnoreReason }
  );
/** What an answer says of each wish it speaks of, and what of it was passed over. */
export type Answer = { readonly verdicts: readonly Verdict[]; readonly passedOver: readonly IgnoreReason[] };

/** An IA of either kind: an address is a prefix of 128 bits. */
type Ia = Association &
  Pick<IaPd, "renewSeconds" | "rebindSeconds" | "malformed"> & { readonly refusal: IgnoreReason | undefined; readonly leased: readonly Leased[] };
type Leased = GrantedPrefix & { readonly refusal: IgnoreReason | undefined };

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

/** Why a server refuses, by the status code of a message, an IA or what is in it. */
export function refusalOf(set: Pick<Dhcp6ClientMessage | IaNa | IaPd | IaAddress | IaPrefix, "options">): IgnoreReason | undefined {
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
export function answerIn({ wishes }: ClientConfig, message: Dhcp6ClientMessage): Answer {
  const seen: Ipv6Prefix[] = [];
  const isIa = (code: number): boolean => code === OPTIONS.iaPd.code || code === OPTIONS.iaNa.code;
  const passedOver: IgnoreReason[] = message.malformed.flatMap(({ code }) => (isIa(code) ? ["ia-malformed" as const] : []));
  const ours = iasIn(message).filter((ia) => wishes.some((wish) => isSameIa(wish, ia)));
  const verdicts = ours.map((ia) => verdictOn(ia, seen, passedOver));
  return { verdicts, passedOver: [...passedOver, ...verdicts.flatMap((verdict) => (verdict.result === "refused" ? [verdict.reason] : []))] };
}

/** What an Advertise offers. @returns undefined when it is nothing that was wished for */
export function offerIn({ wishes }: ClientConfig, message: Dhcp6ClientMessage, { verdicts }: Answer): Offer | undefined {
  const { serverId, preference = 0 } = message.options;
  const granted = verdicts.flatMap((verdict) => {
    if (verdict.result !== "granted" || verdict.granted.length === 0) return [];
    return [{ kind: verdict.kind, iaid: verdict.iaid, prefixes: verdict.granted.map(({ prefix }) => prefix) }];
  });
  if (serverId === undefined || granted.length === 0) return undefined;
  const fits = (prefixes: readonly Ipv6Prefix[], most: number): boolean => prefixes.some((prefix) => splitIpv6Prefix(prefix).prefixLength <= most);
  const complete = wishes.every((wish) => granted.some((one) => isSameIa(one, wish) && fits(one.prefixes, wish.prefixLength)));
  return { serverId, preference, complete, granted };
}

/** The better offer first: by preference, then by what is in it; of two alike the one that came first (RFC 9915 §18.2.9). */
export function byMerit(a: Offer, b: Offer): number {
  return b.preference - a.preference || Number(b.complete) - Number(a.complete) || b.granted.length - a.granted.length;
}

function iasIn({ options }: Dhcp6ClientMessage): readonly Ia[] {
  const addresses = (options.iaNa ?? []).map((ia): Ia => {
    const leased = (ia.options.iaAddress ?? []).map((one): Leased => {
      const { address, preferredSeconds, validSeconds } = one;
      return { prefix: ipv6Prefix(address, 128), excluded: undefined, preferredSeconds, validSeconds, refusal: refusalOf(one) };
    });
    return { ...ia, kind: "na", refusal: refusalOf(ia), leased };
  });
  const prefixes = (options.iaPd ?? []).map((ia): Ia => {
    const leased = (ia.options.iaPrefix ?? []).map((one): Leased => {
      const { prefix, preferredSeconds, validSeconds } = one;
      const exclude = one.options.pdExclude;
      const excluded = exclude === undefined ? undefined : excludedPrefix(prefix, exclude);
      return { prefix, excluded, preferredSeconds, validSeconds, refusal: refusalOf(one) };
    });
    return { ...ia, kind: "pd", refusal: refusalOf(ia), leased };
  });
  return [...prefixes, ...addresses];
}

function verdictOn(ia: Ia, seen: Ipv6Prefix[], passedOver: IgnoreReason[]): Verdict {
  const { kind, iaid, renewSeconds, rebindSeconds, refusal, leased, malformed } = ia;
  if (refusal !== undefined) return { kind, iaid, result: "refused", reason: refusal };
  if (renewSeconds > 0 && rebindSeconds > 0 && renewSeconds > rebindSeconds) return { kind, iaid, result: "refused", reason: "times-contradict" };
  for (const { code } of malformed) if (code === OPTIONS.iaPrefix.code || code === OPTIONS.iaAddress.code) passedOver.push("prefix-malformed");
  const granted: GrantedPrefix[] = [];
  const ended: Ipv6Prefix[] = [];
  for (const { refusal: refused, ...one } of leased) {
    const why = refused ?? whyUnusable(one, seen);
    if (why !== undefined) passedOver.push(why);
    if (one.validSeconds === 0) ended.push(one.prefix);
    if (why !== undefined || one.validSeconds === 0) continue;
    seen.push(one.prefix);
    granted.push(one);
  }
  if (granted.length === 0 && ended.length === 0) return { kind, iaid, result: "refused", reason: "nothing-granted" };
  return { kind, iaid, result: "granted", granted, ended, renewSeconds, rebindSeconds };
}

/** An address may lie in a prefix: providers number links out of what they delegate (RFC 6603). */
function whyUnusable({ prefix, preferredSeconds, validSeconds }: GrantedPrefix, seen: readonly Ipv6Prefix[]): IgnoreReason | undefined {
  const { prefixLength } = splitIpv6Prefix(prefix);
  if (preferredSeconds > validSeconds) return "lifetimes-contradict";
  if (!isDelegableV6(prefix)) return "implausible-prefix";
  const clashes = (other: Ipv6Prefix): boolean =>
    prefixLength === 128 ? other === prefix : !other.endsWith("/128") && (ipv6Covers(other, prefix) || ipv6Covers(prefix, other));
  return validSeconds > 0 && seen.some(clashes) ? "prefix-overlaps" : undefined;
}
