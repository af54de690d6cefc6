/** The conversation with a directory that answers something else than it was asked: mended messages, so that the session takes them. */
import assert from "node:assert/strict";
import type { SourceConfig } from "../../src/services/directory/config.ts";
import { Puller, type Pulled } from "../../src/services/directory/fetch/puller.ts";
import { SimClock, Timeline } from "../../src/sim/clock.ts";
import { encodeLdap } from "../../src/wire/ldap/message.ts";
import type { Operation } from "../../src/wire/ldap/operations.ts";
import { ActedStreams } from "../support/acted-streams.ts";
import { FENCES } from "../support/pulling.ts";
import { resultOf } from "../support/session.ts";
import { ldapSamples } from "./decoders.ts";
import type { Target } from "./fuzz.ts";
import { repairedLdap } from "./repair.ts";

export const PULLED: Target = {
  name: "ldap-conversation",
  what: "a pull from a directory whose answers are changed: it is answered for once, with no more than was said",
  samples: () => [...SEARCHED, ...SEARCHED, ...SEARCHED, ...ldapSamples()],
  run: (bytes) => pulled(bytes),
};

const utf8 = new TextEncoder();
const attribute = (value: string) => ({ kind: "attribute", value }) as const;
const fixed = (value: string) => ({ kind: "fixed", value }) as const;
export const SOURCE: SourceConfig = {
  name: "one",
  servers: [{ host: "one.test", address: undefined, port: 389 }],
  srv: "",
  transport: "plain",
  trustedPem: "",
  clientPem: undefined,
  bind: "simple",
  bindDn: "",
  bindPassword: "",
  authorizationId: "",
  pageSize: 100,
  pagination: "try",
  referrals: "ignore",
  nested: false,
  refresh: "whole",
  reconcileSeconds: 21_600,
  users: {
    base: "ou=people",
    scope: "subtree",
    filter: "(uid=*)",
    fields: {
      name: attribute("uid"),
      password: fixed("*"),
      uid: attribute("uidNumber"),
      gid: fixed("3000"),
      gecos: attribute("cn"),
      home: fixed("/home"),
      shell: fixed(""),
      sshKeys: attribute("sshPublicKey"),
    },
  },
  groups: {
    base: "ou=teams",
    scope: "subtree",
    filter: "(cn=*)",
    fields: { name: attribute("cn"), password: fixed("*"), gid: attribute("gidNumber"), members: { kind: "list", value: "memberUid" } },
  },
};

const entry = (name: string, attributes: Readonly<Record<string, readonly string[]>>): Operation => ({
  kind: "searchResultEntry",
  name,
  attributes: Object.entries(attributes).map(([description, values]) => ({ description, values: values.map((value) => utf8.encode(value)) })),
});
const ADA = entry("uid=ada,ou=people", { uid: ["ada"], uidNumber: ["2000"], cn: ["Ada"] });
const STAFF = entry("cn=staff,ou=teams", { cn: ["staff"], gidNumber: ["3000"], "memberUid;range=0-1": ["ada", "bob"] });
const DONE: Operation = { kind: "searchResultDone", result: resultOf(0) };
const SEARCHED = [
  encodeLdap({ id: 1, operation: ADA, controls: [] }),
  encodeLdap({ id: 1, operation: STAFF, controls: [] }),
  encodeLdap({ id: 1, operation: DONE, controls: [] }),
  encodeLdap({ id: 1, operation: DONE, controls: [{ kind: "pagedResults", critical: false, size: 0, cookie: utf8.encode("more") }] }),
];
const WORDS_MOST = 6;

function pulled(bytes: Uint8Array): string {
  const timeline = new Timeline();
  const streams = new ActedStreams();
  const results: Pulled[] = [];
  let users = 0;
  const puller = new Puller({
    clock: new SimClock(timeline, 1),
    streams,
    output: {
      entries: (batch) => {
        users += batch.users.length;
      },
      pulled: (result) => results.push(result),
    },
    log: { write: () => undefined },
  });
  puller.configure({ resolvers: [], idFences: FENCES, sources: [SOURCE] });
  puller.pull(1);
  const stream = streams.at(0);
  stream.connect();
  stream.answer(ADA);
  for (let i = 0; i < WORDS_MOST && results.length === 0; i++) {
    const asked = stream.sent.length;
    stream.handlers.received(repairedLdap(bytes, stream.sent.at(-1)?.id ?? 1));
    if (stream.sent.length === asked && results.length === 0) stream.answer(DONE);
  }
  if (results.length === 0) stream.handlers.closed();
  assert.equal(results.length, 1, "a source is answered for exactly once");
  stream.handlers.closed();
  stream.handlers.received(bytes);
  assert.equal(results.length, 1, "somebody who was done with still counts");
  const [result] = results;
  assert.ok(stream.closed || result?.failure?.reason === "closed", "the connection stays");
  assert.ok(users <= 1 + WORDS_MOST && (result?.ok !== true || result.users === users), `${result?.users} users of ${users}`);
  assert.ok(stream.sent.length <= 2 * WORDS_MOST + 2, "a server makes us ask without end");
  return result?.ok === true ? "value" : (result?.failure?.reason ?? "failed");
}
