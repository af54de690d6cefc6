/**
 * An LDAP server over a byte stream (RFC 4511): simple bind, searches in pages (RFC 2696), results as its mode says. A conversation
 * sees the directory as it was when it began to search, as servers with snapshots have it.
 */
import { equalBytes } from "../../base/hex.ts";
import { WireError } from "../../base/errors.ts";
import type { Control, PagedResults } from "../../wire/ldap/controls.ts";
import { LdapFrames } from "../../wire/ldap/frames.ts";
import { decodeLdap, encodeLdap, type LdapMessage } from "../../wire/ldap/message.ts";
import { type BindRequest, EXTENDED_OID, type ExtendedRequest, type Operation, type SearchRequest } from "../../wire/ldap/operations.ts";
import { RESULT } from "../../wire/ldap/result.ts";
import { answerOf, baseExists, type DirectoryEntry, entriesFor } from "./ldap-entries.ts";

/**
 * serve: as it should be. busy: every search is answered `busy`. refuse-bind: wrong credentials, whatever they are. die-in-page:
 * the connection ends after half of the second page, or of the first where there is one only. size-limit: the first page, then
 * `sizeLimitExceeded`. no-paging: pages are answered whole. silent: nothing is answered.
 */
export const LDAP_MODES = ["serve", "busy", "refuse-bind", "die-in-page", "size-limit", "no-paging", "silent"] as const;
export type LdapMode = (typeof LDAP_MODES)[number];
export type LdapConfig = {
  readonly bindDn: string;
  readonly password: string;
  /** Whether a search without a bind is answered. */
  readonly anonymous: boolean;
};
export type LdapEvent = { readonly kind: "bound" | "refused" | "searched" | "died" | "changed" | "malformed"; readonly detail: string };
/** What is to be done with the stream: send, then hand it to TLS, or end it. */
export type LdapAnswer = { readonly bytes: readonly Uint8Array[]; readonly startTls: boolean; readonly ends: boolean };

export class LdapDirectory {
  mode: LdapMode = "serve";
  /** A conversation sees one moment. A planted bug for the tests of the checkers: it does not. */
  isSteady = true;
  readonly #config: LdapConfig;
  readonly #watch: (event: LdapEvent) => void;
  #versions: readonly (readonly DirectoryEntry[])[];

  constructor(config: LdapConfig, entries: readonly DirectoryEntry[], watch: (event: LdapEvent) => void = () => undefined) {
    this.#config = config;
    this.#watch = watch;
    this.#versions = [entries];
  }

  get config(): LdapConfig {
    return this.#config;
  }
  get entries(): readonly DirectoryEntry[] {
    return this.#versions.at(-1) ?? [];
  }
  /** Everything the directory ever held, oldest first. */
  get versions(): readonly (readonly DirectoryEntry[])[] {
    return this.#versions;
  }

  change(entries: readonly DirectoryEntry[]): void {
    this.#versions = [...this.#versions, entries];
    this.tell("changed", `${entries.length} entries`);
  }

  connect(): LdapConversation {
    return new LdapConversation(this);
  }

  tell(kind: LdapEvent["kind"], detail: string): void {
    this.#watch({ kind, detail });
  }
}

type Said = { readonly operations: readonly Operation[]; readonly controls?: readonly Control[]; readonly dies?: boolean };

export class LdapConversation {
  readonly #directory: LdapDirectory;
  #frames = new LdapFrames();
  #bound = false;
  #ended = false;
  #seen: readonly DirectoryEntry[] | undefined;
  /** Of the search whose pages are being asked for. */
  #found: readonly Operation[] = [];

  constructor(directory: LdapDirectory) {
    this.#directory = directory;
  }

  heard(chunk: Uint8Array): LdapAnswer {
    const bytes: Uint8Array[] = [];
    if (this.#ended) return { bytes, startTls: false, ends: true };
    try {
      this.#frames.push(chunk);
      for (let frame = this.#frames.next(); frame !== undefined; frame = this.#frames.next()) {
        const message = decodeLdap(frame);
        const startTls = message.operation.kind === "extendedRequest" && message.operation.name === EXTENDED_OID.startTls;
        const { operations, controls = [], dies = false } = this.#answer(message);
        operations.forEach((operation, i) => {
          bytes.push(encodeLdap({ id: message.id, operation, controls: i === operations.length - 1 ? controls : [] }));
        });
        if (dies || message.operation.kind === "unbindRequest") return this.#end(bytes);
        if (startTls) {
          this.#frames = new LdapFrames(); // what came before the handshake counts for nothing
          return { bytes, startTls, ends: false };
        }
      }
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      this.#directory.tell("malformed", error.message);
      return this.#end(bytes);
    }
    return { bytes, startTls: false, ends: false };
  }

  #end(bytes: readonly Uint8Array[]): LdapAnswer {
    this.#ended = true;
    return { bytes, startTls: false, ends: true };
  }

  #answer({ operation, controls }: LdapMessage): Said {
    if (this.#directory.mode === "silent") return { operations: [] };
    switch (operation.kind) {
      case "bindRequest":
        return { operations: [this.#bind(operation)] };
      case "searchRequest":
        return this.#search(operation, controls);
      case "extendedRequest":
        return { operations: [extended(operation)] };
      default:
        return { operations: [] };
    }
  }

  #bind({ name, authentication, version }: BindRequest): Operation {
    const { bindDn, password, anonymous } = this.#directory.config;
    const given = authentication.kind === "simple" ? authentication.password : undefined;
    const nobody = name === "" && given?.length === 0;
    const known = name === bindDn && given !== undefined && equalBytes(given, new TextEncoder().encode(password));
    const code =
      version !== 3
        ? RESULT.protocolError
        : given === undefined
          ? RESULT.authMethodNotSupported
          : (known || (nobody && anonymous)) && this.#directory.mode !== "refuse-bind"
            ? RESULT.success
            : RESULT.invalidCredentials;
    this.#bound = code === RESULT.success && !nobody;
    this.#directory.tell(code === RESULT.success ? "bound" : "refused", name);
    return { kind: "bindResponse", result: result(code) };
  }

  #search(request: SearchRequest, controls: readonly Control[]): Said {
    const { mode, config } = this.#directory;
    const page = mode === "no-paging" ? undefined : controls.find((control) => control.kind === "pagedResults");
    const unknown = controls.find(({ critical, kind }) => critical && (kind !== "pagedResults" || mode === "no-paging"));
    if (unknown !== undefined) return done(RESULT.unavailableCriticalExtension);
    if (mode === "busy") return done(RESULT.busy);
    if (!this.#bound && !config.anonymous) return done(RESULT.insufficientAccessRights);
    if (!this.#directory.isSteady) this.#seen = undefined;
    this.#seen ??= this.#directory.entries;
    if (!baseExists(this.#seen, request.base)) return done(RESULT.noSuchObject);
    const goesOn = page !== undefined && page.cookie.length > 0 && this.#directory.isSteady;
    if (!goesOn) {
      this.#found = entriesFor(this.#seen, request).map((entry) => answerOf(entry, request));
      this.#directory.tell("searched", `${request.base} ${this.#found.length}`);
    }
    const answers = this.#found;
    return page === undefined || page.size === 0 ? { operations: [...answers, ...done(RESULT.success).operations] } : this.#page(answers, page);
  }

  #page(answers: readonly Operation[], page: PagedResults): Said {
    const from = Number(new TextDecoder().decode(page.cookie));
    const to = from + page.size;
    const part = answers.slice(from, to);
    const whole = to >= answers.length;
    const { mode } = this.#directory;
    if (mode === "die-in-page" && (from > 0 || whole)) {
      this.#directory.tell("died", `after entry ${from + (part.length >> 1)}`);
      return { operations: part.slice(0, part.length >> 1), dies: true };
    }
    if (mode === "size-limit") return { operations: [...part, ...done(RESULT.sizeLimitExceeded).operations] };
    const cookie = new TextEncoder().encode(whole ? "" : String(to));
    return {
      operations: [...part, ...done(RESULT.success).operations],
      controls: [{ kind: "pagedResults", critical: false, size: answers.length, cookie }],
    };
  }
}

function result(code: number): {
  readonly code: number;
  readonly matchedDn: string;
  readonly diagnostic: string;
  readonly referrals: readonly string[];
} {
  return { code, matchedDn: "", diagnostic: "", referrals: [] };
}

function done(code: number): Said {
  return { operations: [{ kind: "searchResultDone", result: result(code) }] };
}

function extended({ name }: ExtendedRequest): Operation {
  const known = name === EXTENDED_OID.startTls;
  return { kind: "extendedResponse", result: result(known ? RESULT.success : RESULT.protocolError), ...(known ? { name } : {}) };
}
