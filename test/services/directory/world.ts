/** The service with a fetcher that answers what a test says, on a clock of its own; and a YP client that speaks bytes. */
import assert from "node:assert/strict";
import { type Codec, decodeAll, encodeAll } from "../../../src/base/codec.ts";
import { instant, type WallClock, wallClock } from "../../../src/base/time.ts";
import type { Ipv6Address } from "../../../src/base/ipv6.ts";
import { type DirectoryConfig, STANDARD_YP_MAPS } from "../../../src/services/directory/config.ts";
import type { GroupEntry, UserEntry } from "../../../src/services/directory/entries.ts";
import type { Happening } from "../../../src/services/directory/events.ts";
import { Directory } from "../../../src/services/directory/service.ts";
import type { StreamEvents } from "../../../src/services/directory/stream.ts";
import type { HandedConnection } from "../../../src/services/directory/streams.ts";
import { SimClock, Timeline } from "../../../src/sim/clock.ts";
import { type RpcReply, rpcMessage } from "../../../src/wire/rpc/message.ts";
import { RpcRecords, recordOf } from "../../../src/wire/rpc/records.ts";
import type { ResultOf } from "../../../src/wire/rpc/xdr.ts";
import { YP, YP_PROCEDURES, type YpProcedure } from "../../../src/wire/rpc/yp.ts";

export const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
export const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

export const user = (name: string, uid: number, more: Partial<UserEntry> = {}): UserEntry => ({
  name,
  password: "*",
  uid,
  gid: 2000,
  gecos: `User ${name}`,
  home: `/home/${name}`,
  shell: "/bin/sh",
  sshKeys: "",
  ...more,
});
export const group = (name: string, gid: number, members: readonly string[] = []): GroupEntry => ({ name, password: "*", gid, members });

export const CONFIG: DirectoryConfig = {
  domain: "home",
  master: "gateway",
  intervalSeconds: 600,
  maxStaleSeconds: 0,
  idFences: { minUid: 1000, maxUid: 4_000_000_000, minGid: 1000, maxGid: 4_000_000_000, localUsers: ["daemon"], localGroups: ["sudo"] },
  sources: [{ name: "first", onFailure: "hold", shrinkPercent: 30, keepSeconds: 86_400 }],
  yp: {
    listen: ["127.0.0.1", "::1"],
    port: 0,
    register: "builtin",
    binding: false,
    maps: STANDARD_YP_MAPS,
    allow: ["192.0.2.0/24", "2001:db8::/32"],
    rules: [],
  },
  userdb: { service: "org.example.directory", enumerate: true, sshKeys: false },
};

export type Contents = { readonly users?: readonly UserEntry[]; readonly groups?: readonly GroupEntry[] };

export function world(config: DirectoryConfig = CONFIG) {
  const timeline = new Timeline();
  const clock = new SimClock(timeline, 1);
  const pulls: { readonly update: number; readonly at: number }[] = [];
  const connects: number[] = [];
  const saved: Uint8Array[] = [];
  const logged: string[] = [];
  const happened: Happening[] = [];
  const probes: { readonly probe: number; readonly source: number }[] = [];
  const service = new Directory({
    clock,
    log: { write: (level, event, fields) => void logged.push(`${level} ${event} ${JSON.stringify(fields)}`) },
    fetcher: { pull: (update) => void pulls.push({ update, at: timeline.now }) },
    rpcbind: { connect: () => void connects.push(timeline.now) },
    prober: { probe: (probe, source) => probes.push({ probe, source }) > 0 },
    store: { save: (bytes) => void saved.push(bytes) },
    events: { happened: (happening) => void happened.push(happening) },
  });
  service.configure(config);
  const self = {
    service,
    timeline,
    clock,
    pulls,
    saved,
    connects,
    logged,
    happened,
    probes,
    wall: (): WallClock => wallClock(clock.wallClock()),
    /** Lets what is due now happen. */
    settle: (): void => timeline.runUntil(timeline.now),
    pass: (seconds: number): void => timeline.runUntil(instant(timeline.now + seconds * 1000)),
    ready: (): void => {
      self.settle();
      service.updates.fetcherReady();
      self.settle();
    },
    give: ({ users = [], groups = [] }: Contents, source = 0, update = service.updates.update): void => {
      service.entries({ update, source, users, groups: groups.map((entry) => ({ ...entry, more: false })) });
      service.pulled({ update, source, ok: true, reason: "", users: users.length, groups: groups.length, rejects: [] });
      self.settle();
    },
    fail: (reason: string, source = 0): void => {
      service.pulled({ update: service.updates.update, source, ok: false, reason, users: 0, groups: 0, rejects: [] });
      self.settle();
    },
    /** From the beginning to something that is served. */
    serving: (contents: Contents): void => {
      self.ready();
      self.give(contents);
      assert.ok(service.updates.snapshot !== undefined);
    },
    names: (): readonly string[] => {
      const table = service.updates.snapshot?.users;
      return table === undefined ? [] : Array.from({ length: table.count }, (_, row) => textOf(table.name(row)));
    },
  };
  return self;
}

export function call<P extends YpProcedure>(
  procedure: P,
  argument: unknown,
  more: { readonly program?: number; readonly version?: number } = {},
): Uint8Array {
  const { number, argument: codec } = YP_PROCEDURES[procedure];
  return encodeAll(rpcMessage, {
    kind: "call",
    xid: 7,
    program: YP.program,
    version: YP.version,
    procedure: number,
    credential: { kind: "none" },
    verifier: { kind: "none" },
    argument: encodeAll(codec as Codec<unknown>, argument),
    ...more,
  });
}

export function replyIn(bytes: Uint8Array): RpcReply {
  const message = decodeAll(rpcMessage, bytes);
  assert.ok(message.kind !== "call" && message.kind !== "foreignCall");
  return message;
}

export function resultIn<P extends YpProcedure>(procedure: P, bytes: Uint8Array): ResultOf<(typeof YP_PROCEDURES)[P]> {
  const reply = replyIn(bytes);
  assert.ok(reply.kind === "success", reply.kind);
  return decodeAll(YP_PROCEDURES[procedure].result as Codec<unknown>, reply.result) as ResultOf<(typeof YP_PROCEDURES)[P]>;
}

/** Over UDP. @returns undefined for silence */
export function ask(service: Directory, bytes: Uint8Array, from = "::ffff:127.0.0.1"): Uint8Array | undefined {
  return service.datagram("yp", { from: from as Ipv6Address, port: 700, payload: bytes });
}

/** A client on a connection; `roomBytes` is what it takes before it is full. */
export function connect(service: Directory, handed: Partial<HandedConnection> = {}, roomBytes = Number.POSITIVE_INFINITY) {
  const received: Uint8Array[] = [];
  let room = roomBytes;
  let open = true;
  let aborted = false;
  const events: StreamEvents = service.stream(
    { number: 1, purpose: "yp", peer: "127.0.0.1", port: 700, uid: undefined, ...handed },
    {
      write: (bytes) => {
        assert.ok(open);
        received.push(new Uint8Array(bytes));
        room -= bytes.length;
        return room > 0;
      },
      close: () => {
        open = false;
      },
      abort: () => {
        open = false;
        aborted = true;
      },
    },
  );
  return {
    events,
    isOpen: (): boolean => open,
    wasAborted: (): boolean => aborted,
    receivedBytes: (): number => received.reduce((sum, bytes) => sum + bytes.length, 0),
    send: (bytes: Uint8Array): void => events.data(bytes),
    sendRecord: (message: Uint8Array): void => events.data(recordOf(message)),
    /** Reads all there is and takes so much again. */
    read: (more: number): void => {
      room = more;
      events.drained();
    },
    bytes: (): Uint8Array => Uint8Array.from(received.flatMap((bytes) => [...bytes])),
    records: (): readonly Uint8Array[] => {
      const records = new RpcRecords(1 << 26);
      const found: Uint8Array[] = [];
      for (const bytes of received) {
        records.push(bytes);
        for (let record = records.next(); record !== undefined; record = records.next()) found.push(record.slice());
      }
      return found;
    },
  };
}
