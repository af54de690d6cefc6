/** OpenLDAP's server with a database of its own, on the loopback of a namespace. */
import { chmodSync, closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { check, CLONE, native } from "../../src/platform/native.ts";
import type { SourceConfig } from "../../src/services/directory/config.ts";
import { type Authority, makeAuthority, makeCertificate } from "./certificates.ts";
import { type DirectoryContents, directoryLdif, READER, SUFFIX } from "./ldif.ts";
import type { Namespace } from "./namespace.ts";
import { type Running, waitFor } from "./programs.ts";

export type SlapdOptions = DirectoryContents & {
  /** Certificates for `SERVER_NAME`, port 636 and StartTLS. */
  readonly tls?: boolean;
  /** Entries of one search in all, over all its pages. */
  readonly sizeLimit?: number;
  /** Anybody may read; else only the reader. */
  readonly anonymous?: boolean;
  /** It tells of changes (RFC 4533), and has a mark of them. */
  readonly sync?: boolean;
  /** Another server beside the first one. */
  readonly address?: string;
  /** It also listens on `socket`. */
  readonly local?: boolean;
  /** Who has a certificate of the same authority is the reader; so is who comes over `socket` with such a uid (a regular expression). */
  readonly external?: { readonly uid: string };
  /** A line of slapd.conf's indices beside that of classes: `uid eq`. */
  readonly index?: string;
  /** The reader may read userPassword. */
  readonly passwords?: boolean;
  /** Further entries. */
  readonly ldif?: string;
  /** Further attributes and classes, in the words of slapd.conf(5). */
  readonly schema?: string;
  /** Entries whose name fits this expression are seen by nobody. */
  readonly hidden?: string;
  /** Which certificate of its folder it shows; `server` is the right one. */
  readonly certificate?: string;
  /** Overlays of the database with their lines, in the words of slapd.conf(5). */
  readonly overlays?: Readonly<Record<string, readonly string[]>>;
};
export const SERVER_NAME = "directory.test";
const ADDRESS = "127.0.0.1";
const PORTS = { plain: 389, starttls: 389, ldaps: 636, ldapi: 0 } as const;
const ROOT = { dn: `cn=root,${SUFFIX}`, password: "only-for-changing" } as const;
const MAP_BYTES = 512 * 1024 * 1024;

export class Slapd {
  readonly folder = mkdtempSync(join(tmpdir(), "lh-slapd-"));
  readonly #namespace: Namespace;
  #options: SlapdOptions;
  #authority: Authority | undefined;
  #running: Running | undefined;

  constructor(namespace: Namespace, options: SlapdOptions) {
    this.#namespace = namespace;
    this.#options = options;
  }

  get address(): string {
    return this.#options.address ?? ADDRESS;
  }

  /** The path of its socket. */
  get socket(): string {
    return join(this.folder, "ldapi");
  }

  /** Who signed its certificate. */
  get authority(): Authority {
    if (this.#authority === undefined) throw new Error("no TLS");
    return this.#authority;
  }

  /** Changes entries, as an administrator with this LDIF. */
  async change(ldif: string): Promise<void> {
    const file = join(this.folder, "change.ldif");
    writeFileSync(file, ldif);
    await this.#namespace.exec("ldapmodify", "-x", "-H", `ldap://${this.address}`, "-D", ROOT.dn, "-w", ROOT.password, "-f", file);
  }

  /** LDIF of all it holds, in the order in which it was put in. */
  async dump(): Promise<string> {
    return (await this.#namespace.exec("slapcat", "-o", "ldif-wrap=no", "-f", join(this.folder, "slapd.conf"))).stdout;
  }

  /** PEM of who signed its certificate; empty without TLS. */
  get authorityPem(): string {
    return this.#authority?.pem ?? "";
  }

  /** As `[directory.sources]` would say it: the reader, posixAccount and posixGroup. */
  source(transport: SourceConfig["transport"] = "plain", other: Partial<SourceConfig> = {}): SourceConfig {
    const attribute = (value: string) => ({ kind: "attribute", value }) as const;
    return {
      name: "slapd",
      servers: [{ host: SERVER_NAME, address: this.address, port: PORTS[transport] }],
      srv: "",
      transport,
      trustedPem: this.authorityPem,
      clientPem: undefined,
      bind: "simple",
      bindDn: READER.dn,
      bindPassword: READER.password,
      authorizationId: "",
      pageSize: 100,
      pagination: "try",
      referrals: "ignore",
      nested: false,
      refresh: "whole",
      reconcileSeconds: 21_600,
      users: {
        base: SUFFIX,
        scope: "subtree",
        filter: "(objectClass=posixAccount)",
        fields: {
          name: attribute("uid"),
          password: { kind: "fixed", value: "*" },
          uid: attribute("uidNumber"),
          gid: attribute("gidNumber"),
          gecos: attribute("cn"),
          home: attribute("homeDirectory"),
          shell: attribute("loginShell"),
          sshKeys: { kind: "fixed", value: "" },
        },
      },
      groups: {
        base: SUFFIX,
        scope: "subtree",
        filter: "(objectClass=posixGroup)",
        fields: {
          name: attribute("cn"),
          password: { kind: "fixed", value: "*" },
          gid: attribute("gidNumber"),
          members: { kind: "list", value: "memberUid" },
        },
      },
      ...other,
    };
  }

  async fill(): Promise<void> {
    const { tls = false } = this.#options;
    mkdirSync(join(this.folder, "db"));
    if (tls) {
      this.#authority = await makeAuthority(this.folder);
      await makeCertificate(this.#authority, "server", `DNS:${SERVER_NAME}`);
    }
    writeFileSync(join(this.folder, "slapd.conf"), this.#configuration());
    writeFileSync(join(this.folder, "all.ldif"), `${directoryLdif(this.#options)}\n${this.#options.ldif ?? ""}`);
    await this.#namespace.exec("slapadd", "-q", "-f", join(this.folder, "slapd.conf"), "-l", join(this.folder, "all.ldif"));
  }

  /** Again after `kill`, with the same database. */
  async start(): Promise<void> {
    const { tls = false, local = false } = this.#options;
    const urls = `ldap://${this.address}${tls ? ` ldaps://${this.address}` : ""}${local ? ` ldapi://${encodeURIComponent(this.socket)}` : ""}`;
    const running = this.#namespace.spawn("slapd", ["-d", "0", "-h", urls, "-f", join(this.folder, "slapd.conf")]);
    this.#running = running;
    const question = ["-x", "-H", `ldap://${this.address}`, "-s", "base", "-b", ""];
    await waitFor(
      async (see) => {
        see(running.stderr);
        return running.running && (await this.#namespace.attempt("ldapsearch", ...question)).code === 0;
      },
      10_000,
      "slapd answers",
    );
    if (!local) return;
    chmodSync(this.folder, 0o755); // as Debian's /run/slapd is: everybody may connect, and is told apart by who they are
    chmodSync(this.socket, 0o777);
  }

  /** Again with other options over the same entries. */
  async restart(other: Partial<Omit<SlapdOptions, keyof DirectoryContents>>): Promise<void> {
    await this.kill();
    this.#options = { ...this.#options, ...other };
    writeFileSync(join(this.folder, "slapd.conf"), this.#configuration());
    await this.start();
  }

  /** SIGKILL: it says goodbye to nobody. */
  async kill(): Promise<void> {
    this.#running?.kill();
    await this.#running?.exited;
  }

  /** SIGSTOP and SIGCONT: a server that is there and says nothing. */
  signal(name: NodeJS.Signals): void {
    if (this.#running?.running === true) process.kill(this.#running.pid, name);
  }

  remove(): void {
    this.#running?.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }

  #configuration(): string {
    const {
      tls = false,
      sizeLimit,
      anonymous = false,
      sync = false,
      index,
      external,
      schema = "",
      hidden,
      passwords = false,
      certificate = "server",
      overlays = {},
    } = this.#options;
    const file = (name: string): string => join(this.folder, name);
    return [
      ...["core", "cosine", "nis"].map((schema) => `include /etc/ldap/schema/${schema}.schema`),
      schema,
      "modulepath /usr/lib/ldap",
      "moduleload back_mdb",
      ...(sync ? ["moduleload syncprov"] : []),
      ...Object.keys(overlays).map((name) => `moduleload ${name}`),
      `pidfile ${file("slapd.pid")}`,
      `sizelimit ${sizeLimit ?? "unlimited"}`,
      ...(tls
        ? [
            `TLSCACertificateFile ${file("authority.pem")}`,
            `TLSCertificateFile ${file(`${certificate}.pem`)}`,
            `TLSCertificateKeyFile ${file(`${certificate}.key`)}`,
          ]
        : []),
      ...(external === undefined ? [] : ["TLSVerifyClient try", `authz-regexp "cn=reader-of-tests" "${READER.dn}"`]),
      ...(external === undefined
        ? []
        : [`authz-regexp "gidNumber=[1-9][0-9]+\\\\+uidNumber=${external.uid},cn=peercred,cn=external,cn=auth" "${READER.dn}"`]),
      `access to attrs=userPassword ${passwords ? `by dn.exact="${READER.dn}" read ` : ""}by anonymous auth by * none`,
      ...(hidden === undefined ? [] : [`access to dn.regex="${hidden}" by * none`]),
      `access to * by dn.exact="${READER.dn}" read by anonymous ${anonymous ? "read" : "auth"}`,
      "database mdb",
      `suffix "${SUFFIX}"`,
      `rootdn "${ROOT.dn}"`,
      `rootpw ${ROOT.password}`,
      `directory ${file("db")}`,
      `maxsize ${MAP_BYTES}`,
      "index objectClass eq",
      ...(index === undefined ? [] : [`index ${index}`]),
      ...(sync ? ["index entryCSN,entryUUID eq", "overlay syncprov"] : []),
      ...Object.entries(overlays).flatMap(([name, lines]) => [`overlay ${name}`, ...lines]),
      "",
    ].join("\n");
  }
}

/** A running server with its entries; `remove` it at the end. */
export async function startSlapd(namespace: Namespace, options: SlapdOptions): Promise<Slapd> {
  const slapd = new Slapd(namespace, options);
  try {
    await slapd.fill();
    await slapd.start();
    return slapd;
  } catch (error) {
    slapd.remove();
    throw error;
  }
}

/** Our own sockets are made in the namespace too, until `body` ends. The main thread is there alone: all of Node's sockets are its. */
export async function within<T>(namespace: Namespace, body: () => Promise<T>): Promise<T> {
  const home = openSync("/proc/thread-self/ns/net", "r");
  const there = openSync(namespace.path, "r");
  try {
    check(native().setns(there, CLONE.newnet), "setns");
    return await body();
  } finally {
    check(native().setns(home, CLONE.newnet), "setns");
    closeSync(there);
    closeSync(home);
  }
}
