/** What a directory would answer to the last request of a connection: entries that are right, entries that no map may carry, results, changes. */
import { encodeAll } from "../../src/base/codec.ts";
import type { Control, SyncStateName } from "../../src/wire/ldap/controls.ts";
import { encodeLdap, type LdapMessage } from "../../src/wire/ldap/message.ts";
import type { Operation } from "../../src/wire/ldap/operations.ts";
import { SYNC_INFO_OID, type SyncInfo, syncInfo } from "../../src/wire/ldap/sync-info.ts";
import { resultOf } from "../support/session.ts";
import { ldapSamples } from "./decoders.ts";
import type { Luck } from "./mutate.ts";

type Values = Readonly<Record<string, readonly (string | Uint8Array)[]>>;
type Many = readonly [Uint8Array, ...Uint8Array[]];

const utf8 = new TextEncoder();
const message = (operation: Operation, controls: readonly Control[] = []): Uint8Array => encodeLdap({ id: 1, operation, controls });
const entry = (name: string, values: Values): Operation => ({
  kind: "searchResultEntry",
  name,
  attributes: Object.entries(values).map(([description, all]) => ({
    description,
    values: all.map((one) => (typeof one === "string" ? utf8.encode(one) : one)),
  })),
});
const ADA: Values = { uid: ["ada"], uidNumber: ["2000"], gidNumber: ["3000"], cn: ["Ada"], homeDirectory: ["/home/ada"] };
const PEOPLE: readonly Values[] = [
  ADA,
  { ...ADA, uid: ["bob"], uidNumber: ["2001"], cn: ["B\u00f6b", "other"] },
  { ...ADA, uid: ["eve"], uidNumber: ["4294967294"] },
  { ...ADA, uid: ["ada"], uidNumber: ["2002"] },
  { ...ADA, uid: ["nobody"], uidNumber: [] },
  { ...ADA, uid: [Uint8Array.of(0xff, 0xfe)] },
  { ...ADA, uid: ["colon"], cn: ["a:0:0:"] },
  { ...ADA, uid: ["line"], cn: ["a\nroot::0:0::/:"] },
  { ...ADA, uid: ["text"], uidNumber: ["12x"] },
  { ...ADA, uid: ["zero"], uidNumber: ["0"] },
  { ...ADA, uid: ["a/b"] },
  { ...ADA, uid: ["path"], homeDirectory: ["home"] },
  { ...ADA, uid: ["long"], cn: ["x".repeat(5000)] },
  { ...ADA, uid: ["root"] },
];
const STAFF: Values = { cn: ["staff"], gidNumber: ["3000"], memberUid: ["ada", "bob"] };
const TEAMS: readonly Values[] = [
  STAFF,
  { ...STAFF, cn: ["empty"], gidNumber: ["3001"], memberUid: [] },
  { cn: ["ranged"], gidNumber: ["3002"], "memberUid;range=0-1": ["ada", "bob"] },
  { ...STAFF, cn: ["comma"], gidNumber: ["3003"], memberUid: ["a,b"] },
  { ...STAFF, cn: ["named"], gidNumber: ["3004"], memberUid: ["uid=ada,ou=people", "cn=staff,ou=teams"] },
  { ...STAFF, cn: ["sudo"] },
];
const REST: Values = { "memberUid;range=2-*": ["eve"] };
const uuid = (i: number): Uint8Array => Uint8Array.from({ length: 16 }, () => i);
const state = (name: SyncStateName, i: number): readonly Control[] => [{ kind: "syncState", critical: false, state: name, entryUuid: uuid(i) }];
const info = (value: SyncInfo): Uint8Array => message({ kind: "intermediateResponse", name: SYNC_INFO_OID, value: encodeAll(syncInfo, value) });
const named = (i: number, place: string): string => (place === "teams" ? `cn=${i},ou=teams` : `uid=${i},ou=people`);

const DONE: Operation = { kind: "searchResultDone", result: resultOf(0) };
const page = (cookie: string): readonly Control[] => [{ kind: "pagedResults", critical: false, size: 0, cookie: utf8.encode(cookie) }];
const REFERENCE = message({ kind: "searchResultReference", uris: ["ldap://two.test/ou=people", "ldap://three.test/"] });
const ENDS: Many = [message(DONE), message(DONE), message(DONE, page("")), message(DONE, page("more"))];
const REFUSALS: Many = [
  message({ kind: "searchResultDone", result: resultOf(4) }),
  message({ kind: "searchResultDone", result: resultOf(12) }),
  message({ kind: "searchResultDone", result: { ...resultOf(10), referrals: ["ldap://two.test/ou=people??sub"] } }),
];
const BOUND: Many = [...alike(message({ kind: "bindResponse", result: resultOf(0) })), message({ kind: "bindResponse", result: resultOf(49) })];
const STARTED: Many = [
  ...alike(message({ kind: "extendedResponse", result: resultOf(0) })),
  message({ kind: "extendedResponse", result: resultOf(2) }),
];
const ROOT = message(entry("", { namingContexts: ["ou=people", "ou=teams"] }));
const MARKED = message(entry("ou=people", { contextCSN: ["20260101000000.000000Z#000000#000#000000"] }));
const FOUND = { people: many(PEOPLE, "people"), teams: many(TEAMS, "teams") } as const;
const SYNCED = { people: synced(PEOPLE, "people", "add"), teams: synced(TEAMS, "teams", "add") } as const;
const CHANGED: Many = [
  ...synced(TEAMS, "teams", "modify"),
  ...synced(TEAMS, "teams", "delete"),
  info({ kind: "idSet", refreshDeletes: true, uuids: [uuid(0), uuid(1)] }),
  info({ kind: "newCookie", cookie: utf8.encode("c") }),
];
const REFRESHED: Many = [info({ kind: "refreshDelete", refreshDone: true }), info({ kind: "refreshPresent", refreshDone: true })];

function alike(one: Uint8Array): Many {
  return [one, ...Array.from({ length: 15 }, () => one)];
}

function many(all: readonly Values[], place: string): Many {
  const [first = new Uint8Array(0), ...others] = all.map((values, i) => message(entry(named(i, place), values)));
  return [first, ...others];
}

function synced(all: readonly Values[], place: string, how: SyncStateName): Many {
  const [first = new Uint8Array(0), ...others] = all.map((values, i) => message(entry(named(i, place), values), state(how, i)));
  return [first, ...others];
}

export class Answers {
  readonly samples: readonly Uint8Array[] = ldapSamples();
  readonly #luck: Luck;

  constructor(luck: Luck) {
    this.#luck = luck;
  }

  /** The id is not that of the request yet. */
  to({ sent }: { readonly sent: readonly LdapMessage[] }): Uint8Array {
    const luck = this.#luck;
    const last = sent.at(-1);
    switch (last?.operation.kind) {
      case "bindRequest":
        return luck.pick(BOUND);
      case "extendedRequest":
        return luck.pick(STARTED);
      case "searchRequest":
        return this.#found(last.operation.base, last.operation.attributes, last.controls);
      default:
        return luck.some(this.samples) ?? REFERENCE;
    }
  }

  #found(base: string, attributes: readonly string[], controls: readonly Control[]): Uint8Array {
    const luck = this.#luck;
    const place = base.includes("teams") ? "teams" : "people";
    if (attributes.includes("1.1")) return luck.pick(luck.perMille(500) ? ENDS : CHANGED);
    if (attributes.includes("namingContexts")) return luck.perMille(500) ? ROOT : luck.pick(ENDS);
    if (attributes.includes("contextCSN")) return luck.perMille(500) ? MARKED : luck.pick(ENDS);
    if (attributes.some((each) => each.includes(";range="))) return luck.perMille(500) ? message(entry(named(2, "teams"), REST)) : luck.pick(ENDS);
    const toss = luck.below(1000);
    if (controls.some(({ kind }) => kind === "syncRequest"))
      return luck.pick(toss < 550 ? SYNCED[place] : toss < 750 ? REFRESHED : toss < 950 ? CHANGED : REFUSALS);
    return toss < 600 ? luck.pick(FOUND[place]) : toss < 650 ? REFERENCE : luck.pick(toss < 970 ? ENDS : REFUSALS);
  }
}
