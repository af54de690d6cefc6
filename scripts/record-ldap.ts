/**
 * Writes fixtures/ldap-sessions anew, as root, against the slapd of this machine: node --import tsx scripts/record-ldap.ts [NAME...]
 * Each NAME.hex is what was said, NAME.json how our client was set up and what it told: look at the difference before committing it.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { fileURLToPath } from "node:url";
import type { TlsStreams } from "../src/ports/tls-streams.ts";
import { outwardStreams } from "../src/platform/tls-streams.ts";
import { EXTENDED_OID } from "../src/wire/ldap/operations.ts";
import { READER, SUFFIX, userName } from "../test/support/ldif.ts";
import { type Namespace, withNamespaces } from "../test/support/namespace.ts";
import { waitFor } from "../test/support/programs.ts";
import { realClock } from "../test/support/real-clock.ts";
import { converse, type Described, type Part, tapped, written } from "../test/support/recorded-ldap.ts";
import { SERVER_NAME, type Slapd, type SlapdOptions, startSlapd, within } from "../test/support/slapd.ts";

type Talk = { readonly told: readonly unknown[]; readonly slapd: Slapd; readonly verify: () => void };
type Story = {
  readonly name: string;
  readonly method: string;
  readonly slapd?: Partial<SlapdOptions>;
  readonly session?: Partial<Described>;
  /** It knows the mark that another conversation learned. */
  readonly marked?: true;
  /** What else happens meanwhile. */
  readonly meanwhile?: (talk: Talk) => Promise<void>;
};

const FOLDER = fileURLToPath(new URL("../fixtures/ldap-sessions/", import.meta.url));
const PATIENCE_MS = 15_000;
const USERS = { name: "users", base: SUFFIX, scope: "subtree", filter: "(objectClass=posixAccount)", attributes: ["uid", "uidNumber"] } as const;
const GROUPS = { name: "groups", base: SUFFIX, scope: "subtree", filter: "(objectClass=posixGroup)", attributes: ["cn", "memberUid"] } as const;
const SESSION: Described = {
  transport: "plain",
  bindDn: READER.dn,
  password: READER.password,
  external: null,
  pageSize: 3,
  pagingRequired: false,
  referrals: "ignore",
  knownMark: null,
  sync: false,
  searches: [USERS, GROUPS],
};
const RETCODES = `ou=RetCodes,${SUFFIX}`;
const SPOILT: Partial<SlapdOptions> = {
  overlays: {
    retcode: [
      `retcode-parent "${RETCODES}"`,
      'retcode-item "cn=busy" 0x33 text="too many questions"',
      'retcode-item "cn=unavailable" 0x34 text="come back later"',
      `retcode-item "cn=leaving" 0x34 text="closing down" unsolicited="${EXTENDED_OID.noticeOfDisconnection}" flags=post-disconnect`,
      'retcode-item "cn=gone" 0x34 flags=pre-disconnect',
    ],
  },
};
const elsewhere = (base: string): Partial<Described> => ({ searches: [{ ...USERS, base, scope: "base" }] });
const REFERRAL = `dn: ou=far,${SUFFIX}\nobjectClass: referral\nobjectClass: extensibleObject\nou: far\nref: ldap://far.test/ou=far,${SUFFIX}??sub\n\n`;
const changed = `dn: uid=new,ou=people,${SUFFIX}
changetype: add
objectClass: account
objectClass: posixAccount
uid: new
cn: New
uidNumber: 30000
gidNumber: 20000
homeDirectory: /home/new

dn: uid=${userName(0)},ou=people,${SUFFIX}
changetype: modify
replace: uidNumber
uidNumber: 30001

dn: cn=team000,ou=teams,${SUFFIX}
changetype: modify
delete: memberUid
memberUid: ${userName(1)}

dn: uid=${userName(2)},ou=people,${SUFFIX}
changetype: delete
`;

/** Sockets of this machine, which our program has from another process. */
const localStreams: TlsStreams = {
  connect: ({ host }, { connected, received, closed }) => {
    const socket = connect(host).on("connect", connected).on("data", received).on("close", closed);
    return {
      send: (bytes) => void socket.write(bytes),
      startTls: () => undefined,
      pause: () => socket.pause(),
      resume: () => socket.resume(),
      close: () => {
        socket.off("close", closed);
        socket.end();
      },
    };
  },
};

const STORIES: readonly Story[] = [
  { name: "pages", method: "a simple bind, seven users in pages of three, two groups in one", slapd: { users: 7, groups: 2 } },
  { name: "starttls", method: "StartTLS, then a simple bind inside it", slapd: { tls: true }, session: { transport: "starttls" } },
  { name: "starttls-refused", method: "StartTLS asked of a server without a certificate", session: { transport: "starttls" } },
  { name: "bind-refused", method: "a simple bind with another password", session: { password: "not this one" } },
  { name: "nobody", method: "no bind, no paging", slapd: { anonymous: true }, session: { bindDn: "", password: "", pageSize: 0 } },
  {
    name: "external",
    method: "SASL EXTERNAL over ldapi, as who the process is, for the reader",
    slapd: { local: true, schema: `authz-regexp "gidNumber=0\\\\+uidNumber=0,cn=peercred,cn=external,cn=auth" "${READER.dn}"` },
    session: { transport: "ldapi", bindDn: "", password: "", external: `dn:${READER.dn}` },
  },
  { name: "size-limit", method: "sizelimit 4, met on the second page", slapd: { users: 7, sizeLimit: 4 } },
  { name: "wrong-base", method: "a base that is not there", session: { searches: [{ ...USERS, base: `ou=nowhere,${SUFFIX}` }, GROUPS] } },
  { name: "reference", method: "a referral object below the base", slapd: { ldif: REFERRAL } },
  {
    name: "referral",
    method: "a base behind a referral object",
    slapd: { ldif: REFERRAL },
    session: { searches: [{ ...USERS, base: `ou=deep,ou=far,${SUFFIX}` }, GROUPS] },
  },
  { name: "busy", method: "overlay retcode answers busy", slapd: SPOILT, session: elsewhere(`cn=busy,${RETCODES}`) },
  { name: "unavailable", method: "overlay retcode answers unavailable", slapd: SPOILT, session: elsewhere(`cn=unavailable,${RETCODES}`) },
  { name: "notice", method: "overlay retcode gives notice of disconnection", slapd: SPOILT, session: elsewhere(`cn=leaving,${RETCODES}`) },
  { name: "closed", method: "overlay retcode closes the connection", slapd: SPOILT, session: elsewhere(`cn=gone,${RETCODES}`) },
  {
    name: "paging-refused",
    method: "limits size.prtotal=disabled",
    slapd: { overlays: { retcode: [`retcode-parent "${RETCODES}"`, "limits * size.prtotal=disabled"] } },
  },
  { name: "mark-learned", method: "contextCSN read first, where none is known", slapd: { sync: true }, session: { knownMark: "" } },
  { name: "mark-unchanged", method: "contextCSN read first, and it is the known one", slapd: { sync: true }, marked: true },
  {
    name: "sync-changes",
    method: "refreshAndPersist; one user added, one changed, one deleted, a member taken out, the session verified, slapd told to end",
    slapd: { users: 3, sync: true },
    session: { sync: true },
    meanwhile: async ({ told, slapd, verify }) => {
      await waitFor(() => told.length > 4, PATIENCE_MS, "the refresh is over");
      await slapd.change(changed);
      await waitFor(() => told.length > 8, PATIENCE_MS, "four changes are told");
      verify();
      await waitFor(() => told.length > 9, PATIENCE_MS, "the session is verified");
      slapd.signal("SIGTERM");
    },
  },
];

const wanted = process.argv.slice(2);
mkdirSync(FOLDER, { recursive: true });
await withNamespaces(["directory"], async ({ directory }) => {
  for (const story of STORIES) if (wanted.length === 0 || wanted.includes(story.name)) await record(directory, story);
});

async function record(namespace: Namespace, { name, method, slapd: options = {}, session: other = {}, marked, meanwhile }: Story): Promise<void> {
  let session = { ...SESSION, ...other };
  const slapd = await startSlapd(namespace, { users: 2, groups: 1, ...options });
  const parts: Part[] = [];
  const told = await within(namespace, async () => {
    const path = session.transport === "ldapi";
    const streams = path ? localStreams : outwardStreams;
    const target = { host: path ? slapd.socket : SERVER_NAME, address: slapd.address, port: 389, trustedPem: slapd.authorityPem, resolvers: [] };
    if (marked === true) {
      const { told } = converse({ ...session, knownMark: "" }, { clock: realClock, streams, target });
      session = { ...session, knownMark: markOf(await ended(told)) };
    }
    const { conversation, told: heard } = converse(session, { clock: realClock, streams: tapped(streams, parts), target });
    const verify = (): void => {
      parts.push({ mark: "asked to verify" });
      conversation.verify();
    };
    await meanwhile?.({ told: heard, slapd, verify });
    return ended(heard);
  });
  slapd.remove();
  const { code, stderr } = await namespace.attempt("slapd", "-VV");
  const version = /slapd ([\d.]+)/.exec(stderr)?.[1];
  if (version === undefined) throw new Error(`slapd -VV: ${code} ${stderr}`);
  const provenance = [
    `Recorded ${new Date().toISOString().slice(0, 10)} between our client and slapd ${version} (OpenLDAP, Debian 12) on the loopback of a network namespace.`,
    `Method: ${method}`,
    "Terms: recorded by this project for its tests; ISC like the rest.",
  ];
  writeFileSync(`${FOLDER}${name}.hex`, written({ parts }, provenance));
  writeFileSync(`${FOLDER}${name}.json`, `${JSON.stringify({ session, told }, undefined, 2)}\n`);
  process.stdout.write(`${name}: ${JSON.stringify(told.at(-1))}\n`);
}

function ended(told: readonly unknown[]): Promise<readonly unknown[]> {
  return waitFor(() => (JSON.stringify(told.at(-1))?.startsWith('{"finished"') ? told : undefined), PATIENCE_MS, "it ends");
}

function markOf(told: readonly unknown[]): string {
  return /"mark":"([^"]*)"/.exec(JSON.stringify(told.at(-1)))?.[1] ?? "";
}
