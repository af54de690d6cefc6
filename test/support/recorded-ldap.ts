/**
 * Conversations between our LDAP client and a server, byte for byte: recorded on a real connection, written down, and played again with
 * the recording as the server. Under TLS they are what stands inside it.
 */
import { readdirSync, readFileSync } from "node:fs";
import { bytesOf, toHex } from "../../src/base/hex.ts";
import { after, type Instant } from "../../src/base/time.ts";
import type { SessionConfig } from "../../src/machines/ldap-session/state.ts";
import type { Clock } from "../../src/ports/clock.ts";
import type { StreamFailure, StreamHandlers, StreamTarget, TlsStreams } from "../../src/ports/tls-streams.ts";
import { Conversation } from "../../src/services/directory/fetch/conversation.ts";
import { SimClock, Timeline } from "../../src/sim/clock.ts";
import { parseFilter } from "../../src/wire/ldap/filter-text.ts";
import { plain } from "../wire/ldap/conversations.ts";

/** What happened on the stream, in order. `from` says whose doing it was; `verify` is what the owner of the session asked. */
export type Part = { readonly from: "client" | "server"; readonly bytes: Uint8Array } | { readonly mark: Mark };
export const MARKS = ["connected", "TLS asked for", "TLS stands", "asked to verify", "closed by the server", "closed by the client"] as const;
export type Mark = (typeof MARKS)[number];
/** Filters are text; what is undefined is null. */
export type Described = Omit<SessionConfig, "searches" | "endsAt" | "external" | "knownMark"> & {
  readonly password: string;
  readonly external: string | null;
  readonly knownMark: string | null;
  readonly searches: readonly (Omit<SessionConfig["searches"][number], "filter"> & { readonly filter: string })[];
};
export type Recording = { readonly name: string; readonly parts: readonly Part[]; readonly session: Described; readonly told: readonly unknown[] };

const FOLDER = new URL("../../fixtures/ldap-sessions/", import.meta.url);
const ROW_BYTES = 36;
const SECONDS = 600;

function configOf({ password: _, external, knownMark, searches, ...others }: Described, now: Instant): SessionConfig {
  return {
    ...others,
    external: external ?? undefined,
    knownMark: knownMark ?? undefined,
    searches: searches.map((search) => {
      const parsed = parseFilter(search.filter);
      if (!parsed.ok) throw new Error(search.filter);
      return { ...search, filter: parsed.filter };
    }),
    endsAt: after(now, SECONDS),
  };
}

/** Runs our client over these streams and says what it told, in order. */
export function converse(
  session: Described,
  { clock, streams, target }: { readonly clock: Clock; readonly streams: TlsStreams; readonly target: StreamTarget },
): { readonly conversation: Conversation; readonly told: unknown[] } {
  const told: unknown[] = [];
  const tell = (what: string, value: unknown): void => {
    told.push(plain({ [what]: value }));
  };
  const conversation = new Conversation({
    clock,
    streams,
    target,
    session: configOf(session, clock.now()),
    bindPassword: session.password,
    entry: (search, { name, attributes }, uuid) => tell("entry", { search, name, attributes, ...(uuid === undefined ? {} : { uuid: toHex(uuid) }) }),
    reference: (search, uris) => tell("reference", { search, uris }),
    kept: {
      refreshed: () => tell("refreshed", true),
      changed: (search, { name, attributes }, uuid) => tell("changed", { search, name, attributes, uuid: toHex(uuid) }),
      gone: (search, uuids) => tell("gone", { search, uuids: uuids.map(toHex) }),
      verified: () => tell("verified", true),
      settled: () => undefined,
    },
    finished: (outcome) => tell("finished", outcome),
  });
  return { conversation, told };
}

/** The same streams, and everything that is said on them. */
export function tapped(streams: TlsStreams, parts: Part[]): TlsStreams {
  return {
    connect: (target, handlers) => {
      const stream = streams.connect(target, {
        connected: () => noted(parts, "connected", handlers.connected),
        secured: () => noted(parts, "TLS stands", handlers.secured),
        received: (bytes) => {
          parts.push({ from: "server", bytes: bytes.slice() });
          handlers.received(bytes);
        },
        closed: () => noted(parts, "closed by the server", handlers.closed),
        failed: (reason: StreamFailure, detail) => {
          throw new Error(`${reason}: ${detail}`);
        },
      });
      return {
        send: (bytes) => {
          parts.push({ from: "client", bytes: bytes.slice() });
          stream.send(bytes);
        },
        startTls: () => noted(parts, "TLS asked for", () => stream.startTls()),
        pause: () => stream.pause(),
        resume: () => stream.resume(),
        close: () => noted(parts, "closed by the client", () => stream.close()),
      };
    },
  };
}

function noted(parts: Part[], mark: Mark, goOn: () => void): void {
  parts.push({ mark });
  goOn();
}

/**
 * The recorded server says again what it said, in pieces of so many bytes, whatever is said to it.
 * @returns what our client does and tells this time
 */
export function played(
  { parts, session }: Pick<Recording, "parts" | "session">,
  pieceBytes = Number.POSITIVE_INFINITY,
): Omit<Recording, "name" | "session"> {
  const now: Part[] = [];
  let handlers: StreamHandlers | undefined;
  const streams: TlsStreams = {
    connect: (_, given) => {
      handlers = given;
      return { send: () => undefined, startTls: () => undefined, pause: () => undefined, resume: () => undefined, close: () => undefined };
    },
  };
  const target = { host: "recorded", address: undefined, port: 389, trustedPem: "", resolvers: [] };
  const { conversation, told } = converse(session, { clock: new SimClock(new Timeline(), 1), streams: tapped(streams, now), target });
  for (const part of parts) {
    if (handlers === undefined) throw new Error("no connection was asked for");
    if ("mark" in part) happen(part.mark, handlers, conversation, now);
    else if (part.from === "server") say(part.bytes, handlers, now, pieceBytes);
  }
  return { parts: now, told };
}

function happen(mark: Mark, handlers: StreamHandlers, conversation: Conversation, now: Part[]): void {
  if (mark === "connected") handlers.connected();
  if (mark === "TLS stands") handlers.secured();
  if (mark === "closed by the server") handlers.closed();
  if (mark === "asked to verify") noted(now, mark, () => conversation.verify());
}

/** In memory that is used again behind each piece, as a socket's is. */
function say(bytes: Uint8Array, handlers: StreamHandlers, now: Part[], pieceBytes: number): void {
  const said = now.length;
  now.push({ from: "server", bytes });
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    const piece = bytes.slice(at, at + pieceBytes);
    handlers.received(piece);
    piece.fill(0xff);
  }
  const heard = now.splice(said + 1);
  now.push(...heard.filter((part) => "mark" in part || part.from === "client"));
}

/** Every NAME.hex of fixtures/ldap-sessions with its NAME.json. */
export function recordings(): readonly Recording[] {
  return readdirSync(FOLDER)
    .filter((file) => file.endsWith(".hex"))
    .toSorted()
    .map((file) => {
      const name = file.slice(0, -4);
      const { session, told } = JSON.parse(readFileSync(new URL(`${name}.json`, FOLDER), "utf8")) as Pick<Recording, "session" | "told">;
      return { name, session, told, parts: partsOf(readFileSync(new URL(file, FOLDER), "utf8")) };
    });
}

const HEAD = new RegExp(`^# (from client|from server|${MARKS.join("|")})$`, "m");

function partsOf(text: string): readonly Part[] {
  const [, ...sections] = text.split(HEAD);
  return sections.flatMap((head, i): Part[] => {
    if (i % 2 === 1) return [];
    const mark = MARKS.find((each) => each === head);
    return [mark === undefined ? { from: head === "from client" ? "client" : "server", bytes: bytesOf(sections[i + 1] ?? "") } : { mark }];
  });
}

/** As `recordings` reads it again. */
export function written({ parts }: Pick<Recording, "parts">, provenance: readonly string[]): string {
  const lines = parts.flatMap((part) => ("mark" in part ? [`# ${part.mark}`] : [`# from ${part.from}`, ...rowsOf(part.bytes)]));
  return `${[...provenance.map((line) => `# ${line}`), ...lines].join("\n")}\n`;
}

function rowsOf(bytes: Uint8Array): readonly string[] {
  const rows: string[] = [];
  for (let at = 0; at < bytes.length; at += ROW_BYTES) rows.push(`  ${toHex(bytes.subarray(at, at + ROW_BYTES)).replaceAll(/.{8}(?=.)/g, "$& ")}`);
  return rows;
}
