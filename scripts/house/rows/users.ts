/** Users and groups as YP's and systemd's clients would see them, asked in bytes of our own over real sockets. */
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { createSocket } from "node:dgram";
import { encodeAll, decodeAll } from "../../../src/base/codec.ts";
import { NO_CREDENTIAL } from "../../../src/wire/rpc/credential.ts";
import { rpcMessage } from "../../../src/wire/rpc/message.ts";
import { PORTMAPPER, PORTMAPPER_PROCEDURES } from "../../../src/wire/rpc/portmapper.ts";
import { recordOf, RpcRecords } from "../../../src/wire/rpc/records.ts";
import { YP, YP_PROCEDURES } from "../../../src/wire/rpc/yp.ts";
import type { HouseFacts } from "../facts.ts";
import type { Look, Row } from "./row.ts";

const HOST = "127.0.0.1";
const TCP = 6;
const PATIENCE_MS = 2000;

export function userRows(facts: HouseFacts): readonly Look[] {
  return [() => ypUsers(facts), () => ypGroup(facts), () => userdbUser(facts), () => askedDirectory(facts)];
}

/** In the directory's own words: how many entries its searches found. */
function askedDirectory({ directory: { kind, name, told }, people }: HouseFacts): Row {
  const text = readFileSync(told, "utf8");
  const found = kind === "slapd" ? /SEARCH RESULT tag=101 err=0 .*nentries=(\d+)/g : /"event":"searched","detail":"[^"]* (\d+)"/g;
  const counts = [...text.matchAll(found)].map(([, count]) => Number(count));
  return {
    what: "the directory was asked for its users",
    confirmed: counts.includes(people.length),
    fact: `${name}, whose searches found ${counts.length === 0 ? "nothing yet" : [...new Set(counts)].slice(0, 8).join(", ")}`,
    source: kind === "slapd" ? "slapd's log" : "the actor's events",
  };
}

async function ypUsers({ people, domain }: HouseFacts): Promise<Row> {
  const lines = await Promise.all(people.map(({ name }) => match(domain, "passwd.byname", name))).catch((error: unknown) => [String(error)]);
  const confirmed = people.every(({ name, uid }, i) => lines[i]?.startsWith(`${name}:`) === true && lines[i]?.split(":")[2] === String(uid));
  return {
    what: "every user of the directory is in passwd.byname",
    confirmed,
    fact: confirmed ? `${people.length} users` : lines.join(" | "),
    source: "YP over TCP",
  };
}

async function ypGroup({ team, domain }: HouseFacts): Promise<Row> {
  const line = await match(domain, "group.bygid", String(team.gid)).catch((error: unknown) => String(error));
  const confirmed = line === `${team.name}:*:${team.gid}:${team.members.join(",")}`;
  return { what: "a group is found by its number, with its members", confirmed, fact: line, source: "YP over TCP" };
}

async function userdbUser({ people, userdbSocket }: HouseFacts): Promise<Row> {
  const [one] = people;
  const question = { method: "io.systemd.UserDatabase.GetUserRecord", parameters: { userName: one?.name, service: userdbSocket.split("/").at(-1) } };
  const answer = await userdb(userdbSocket, question).catch((error: unknown) => ({ error: String(error) }));
  const record = (answer as { readonly parameters?: { readonly record?: { readonly uid?: number } } }).parameters?.record;
  return {
    what: "systemd's user record of one of them",
    confirmed: record !== undefined && record.uid === one?.uid,
    fact: record === undefined ? JSON.stringify(answer) : `${one?.name} is ${record.uid}`,
    source: "Varlink",
  };
}

/** MATCH, at the port that the portmapper names. @throws Error when nobody answers, or not well */
async function match(domain: string, map: string, key: string): Promise<string> {
  const { number, argument, result } = YP_PROCEDURES.match;
  const port = await portOfYp();
  const bytes = await callTcp(port, {
    program: YP.program,
    version: YP.version,
    procedure: number,
    argument: encodeAll(argument, { domain, map, key: new TextEncoder().encode(key) }),
  });
  const { status, value } = decodeAll(result, bytes);
  return status === "true" ? new TextDecoder().decode(value) : `${key}: ${status}`;
}

async function portOfYp(): Promise<number> {
  const { number, argument, result } = PORTMAPPER_PROCEDURES.getPort;
  const asked = encodeAll(argument, { program: YP.program, version: YP.version, protocol: TCP, port: 0 });
  const bytes = await callUdp(PORTMAPPER.port, {
    program: PORTMAPPER.program,
    version: PORTMAPPER.portmapperVersion,
    procedure: number,
    argument: asked,
  });
  return decodeAll(result, bytes);
}

type Call = { readonly program: number; readonly version: number; readonly procedure: number; readonly argument: Uint8Array };
const encoded = (call: Call): Uint8Array =>
  encodeAll(rpcMessage, { kind: "call", xid: 77, credential: NO_CREDENTIAL, verifier: NO_CREDENTIAL, ...call });

function resultOf(bytes: Uint8Array): Uint8Array {
  const reply = decodeAll(rpcMessage, bytes);
  if (reply.kind !== "success") throw new Error(`the server says ${reply.kind}`);
  return reply.result;
}

function callUdp(port: number, call: Call): Promise<Uint8Array> {
  const socket = createSocket("udp4");
  return within(
    "UDP",
    () => socket.close(),
    (resolve, reject) => {
      socket.on("message", (bytes) => resolve(resultOf(bytes)));
      socket.on("error", reject);
      socket.send(encoded(call), port, HOST);
    },
  );
}

function callTcp(port: number, call: Call): Promise<Uint8Array> {
  const socket = connect(port, HOST);
  const records = new RpcRecords();
  return within(
    "TCP",
    () => socket.destroy(),
    (resolve, reject) => {
      socket.on("data", (bytes) => {
        records.push(bytes);
        const record = records.next();
        if (record !== undefined) resolve(resultOf(record));
      });
      socket.on("error", reject);
      socket.write(recordOf(encoded(call)));
    },
  );
}

function userdb(path: string, question: object): Promise<unknown> {
  const socket = connect(path);
  let text = "";
  return within(
    "the userdb socket",
    () => socket.destroy(),
    (resolve, reject) => {
      socket.on("data", (bytes) => {
        text += bytes.toString("utf8");
        if (text.includes("\0")) resolve(JSON.parse(text.split("\0")[0] ?? "null"));
      });
      socket.on("error", reject);
      socket.write(`${JSON.stringify(question)}\0`);
    },
  );
}

async function within<T>(what: string, close: () => void, start: (resolve: (value: T) => void, reject: (error: Error) => void) => void): Promise<T> {
  let late: ReturnType<typeof setTimeout> | undefined;
  try {
    return await new Promise<T>((resolve, reject) => {
      late = setTimeout(() => reject(new Error(`no answer over ${what}`)), PATIENCE_MS);
      start(resolve, reject);
    });
  } finally {
    clearTimeout(late);
    close();
  }
}
