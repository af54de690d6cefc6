/**
 * Everybody who may speak to the running `directory` speaks garbage: a directory server on one side, programs that ask YP, the portmapper
 * and userdb on the other. And somebody who does nothing wrong looks people up all the while.
 */
import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { decodeLdap, type LdapMessage } from "../../src/wire/ldap/message.ts";
import { LdapFrames } from "../../src/wire/ldap/frames.ts";
import { RpcRecords, recordOf } from "../../src/wire/rpc/records.ts";
import { Answers } from "../fuzz/ldap-answers.ts";
import { CheapLuck } from "../fuzz/luck.ts";
import { mutated } from "../fuzz/mutate.ts";
import { touched } from "../fuzz/poured.ts";
import { repairedLdap } from "../fuzz/repair.ts";
import { PORTMAPPER_CALLS, VARLINK_CALLS, YP_CALLS } from "../services/directory/requests.ts";
import { call, resultIn, textOf, utf8 } from "../services/directory/world.ts";

/** Two directories that answer what they like: one tells of changes, one refers to others. */
export const HOSTILE_SERVERS = ["127.0.0.2", "127.0.0.5"] as const;
const ATTACKER = "127.0.0.3";
const CLEAN = "127.0.0.4";
const MESSAGES_MOST = 400;
/** What a request has no more answers behind. */
const ENDS = /Done|Response/;
const BURST = 40;
const PAUSE_MS = 4;
const LATE_MS = 1000;
const CONNECTIONS = 24;
const PATIENCE_MS = 20_000;

/** Ends with the test; every part of it counts what it said. */
export class Hostility {
  readonly said = { ldap: 0, datagrams: 0, records: 0, varlink: 0 };
  readonly #luck: CheapLuck;
  #isOver = false;
  readonly #running: Promise<void>[] = [];
  readonly #servers: Server[] = [];
  readonly #asked = new Set<Socket>();

  constructor(seed: number) {
    this.#luck = new CheapLuck(seed);
  }

  /** A directory server that answers most requests as it should, until it does not. */
  async serveLdap(): Promise<void> {
    const answers = new Answers(this.#luck);
    for (const address of HOSTILE_SERVERS) {
      const server = createServer((socket) => this.#converse(socket, answers)).listen(389, address);
      this.#servers.push(server);
      await once(server, "listening");
    }
  }

  /** @param port of YP @param userdb the socket's path */
  begin(port: number, userdb: string): void {
    const tcp = (to: number) => (): Socket => connect({ host: "127.0.0.1", port: to, localAddress: ATTACKER });
    const records = [...YP_CALLS, ...PORTMAPPER_CALLS].map(recordOf);
    this.#running.push(
      this.#datagrams(port, YP_CALLS),
      this.#datagrams(111, PORTMAPPER_CALLS),
      this.#connections(tcp(port), records, "records"),
      this.#connections(tcp(111), records, "records"),
      this.#connections(() => connect(userdb), VARLINK_CALLS, "varlink"),
    );
  }

  async end(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#running);
    for (const socket of this.#asked) socket.destroy();
    for (const server of this.#servers) server.close();
  }

  #made(samples: readonly Uint8Array[]): Uint8Array {
    const luck = this.#luck;
    const good = luck.some(samples) ?? assert.fail();
    const toss = luck.below(1000);
    return toss < 300 ? good : toss < 700 ? touched(good, luck) : mutated(samples, luck);
  }

  async #datagrams(port: number, samples: readonly Uint8Array[]): Promise<void> {
    const socket = createSocket("udp4").bind(0, ATTACKER);
    socket.on("error", () => undefined);
    await once(socket, "listening");
    while (!this.#isOver) {
      for (let i = 0; i < BURST; i++) socket.send(this.#made(samples), port, "127.0.0.1");
      this.said.datagrams += BURST;
      await delay(PAUSE_MS);
    }
    socket.close();
  }

  /** Many at once, which are ended, forgotten and not read from. */
  async #connections(open: () => Socket, samples: readonly Uint8Array[], what: "records" | "varlink"): Promise<void> {
    const luck = this.#luck;
    const sockets: Socket[] = [];
    while (!this.#isOver) {
      if (sockets.length < CONNECTIONS) {
        const socket = open().on("error", () => undefined);
        if (!luck.perMille(100)) socket.resume();
        sockets.push(socket);
      }
      for (const [at, socket] of [...sockets.entries()].toReversed()) {
        if (socket.destroyed || luck.perMille(20)) {
          socket.destroy();
          sockets.splice(at, 1);
        } else if (socket.writableLength < 65_536) {
          const bytes = this.#made(samples);
          const cut = luck.perMille(200) ? luck.below(bytes.length + 1) : bytes.length;
          socket.write(bytes.subarray(0, cut));
          if (cut < bytes.length) setImmediate(() => socket.write(bytes.subarray(cut)));
          this.said[what]++;
        }
      }
      await delay(PAUSE_MS);
    }
    for (const socket of sockets) socket.destroy();
  }

  #converse(socket: Socket, answers: Answers): void {
    const luck = this.#luck;
    const frames = new LdapFrames();
    const sent: LdapMessage[] = [];
    socket.on("error", () => undefined);
    socket.on("data", (chunk) => {
      frames.push(chunk);
      for (let frame = frames.next(); frame !== undefined; frame = frames.next()) {
        sent.push(decodeLdap(frame));
        if (luck.perMille(20)) return void socket.destroy();
        if (!luck.perMille(3)) this.#answer(socket, answers, sent);
      }
    });
    // A session that stays hears of changes.
    const changes = setInterval(() => {
      if (this.#isOver || socket.destroyed) clearInterval(changes);
      else if (sent.at(-1)?.controls.some(({ kind }) => kind === "syncRequest") === true) this.#say(socket, answers, sent);
    }, PAUSE_MS);
    this.#asked.add(socket);
    socket.on("close", () => {
      clearInterval(changes);
      this.#asked.delete(socket);
    });
    if (this.#isOver) socket.destroy();
  }

  /** Some hundreds of entries, then an end; if nothing else comes between. */
  #answer(socket: Socket, answers: Answers, sent: readonly LdapMessage[]): void {
    const wanted = this.#luck.below(MESSAGES_MOST);
    for (let i = 0; i < 2 * MESSAGES_MOST && !socket.destroyed; i++) if (this.#say(socket, answers, sent, i >= wanted)) return;
  }

  /** @returns whether it was an end */
  #say(socket: Socket, answers: Answers, sent: readonly LdapMessage[], mayEnd = false): boolean {
    const luck = this.#luck;
    const id = sent.at(-1)?.id ?? 1;
    let good = answers.to({ sent });
    let isEnd = ENDS.test(decodeLdap(good).operation.kind);
    for (let tries = 0; isEnd && !mayEnd && tries < 20; tries++) {
      good = answers.to({ sent });
      isEnd = ENDS.test(decodeLdap(good).operation.kind);
    }
    const toss = luck.below(1000);
    this.said.ldap++;
    socket.write(toss < 994 ? repairedLdap(good, id) : toss < 998 ? repairedLdap(touched(good, luck), id) : mutated([good], luck));
    return toss < 994 && isEnd;
  }
}

/** Looks people up over YP, one after the other, as a program would that needs them. */
export class CleanLookups {
  readonly lines = new Map<string, string>();
  asked = 0;
  late = 0;
  slowestMs = 0;
  #isOver = false;
  #running: Promise<void> | undefined;

  /** Of each of these people, for the first time. */
  async learn(port: number, domain: string, names: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const connection = await Connection.to(port);
    for (const name of names) this.lines.set(name, await connection.line(domain, name));
    connection.close();
    return this.lines;
  }

  /** Each of them is still told as it was. */
  begin(port: number, domain: string): void {
    this.#running = this.#look(port, domain);
    this.#running.catch(() => undefined); // told at the end
  }

  async end(): Promise<void> {
    this.#isOver = true;
    await this.#running;
  }

  async #look(port: number, domain: string): Promise<void> {
    const connection = await Connection.to(port);
    const expected = [...this.lines];
    do {
      const [name, line] = expected[this.asked % expected.length] ?? assert.fail();
      const began = performance.now();
      assert.equal(await connection.line(domain, name), line);
      const tookMs = performance.now() - began;
      this.asked++;
      this.slowestMs = Math.max(this.slowestMs, tookMs);
      if (tookMs > LATE_MS) this.late++;
      await delay(PAUSE_MS);
    } while (!this.#isOver);
    connection.close();
  }
}

/** To YP, over TCP. */
class Connection {
  readonly #socket: Socket;
  readonly #records = new RpcRecords(1 << 20);

  private constructor(socket: Socket) {
    this.#socket = socket;
  }

  static async to(port: number): Promise<Connection> {
    const socket = connect({ host: "127.0.0.1", port, localAddress: CLEAN });
    await once(socket, "connect");
    return new Connection(socket);
  }

  /** Somebody's line of passwd.byname. */
  async line(domain: string, name: string): Promise<string> {
    assert.ok(!this.#socket.destroyed, "the connection was ended");
    this.#socket.write(recordOf(call("match", { domain, map: "passwd.byname", key: utf8(name) })));
    for (;;) {
      const [chunk] = (await once(this.#socket, "data", { signal: AbortSignal.timeout(PATIENCE_MS) })) as [Uint8Array];
      this.#records.push(chunk);
      const answer = this.#records.next();
      if (answer !== undefined) return textOf(resultIn("match", answer).value);
    }
  }

  close(): void {
    this.#socket.destroy();
  }
}
