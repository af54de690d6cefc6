import assert from "node:assert/strict";
import { test } from "node:test";
import { type Codec, decodeAll, encodeAll } from "../../../src/base/codec.ts";
import type { StreamEvents } from "../../../src/services/directory/stream.ts";
import { type RpcCall, rpcMessage, success } from "../../../src/wire/rpc/message.ts";
import { RPCBIND_PROCEDURES } from "../../../src/wire/rpc/portmapper.ts";
import { RpcRecords, recordOf } from "../../../src/wire/rpc/records.ts";
import { STANDARD_YP_MAPS } from "../../../src/services/directory/config.ts";
import { CONFIG, utf8, world } from "./world.ts";

/** An rpcbind that remembers what it is told, as long as nobody restarts it. */
function rig(listen: readonly string[] = ["127.0.0.1", "::1"]) {
  const self = world({ ...CONFIG, yp: { listen, port: 0, register: "rpcbind", binding: false, maps: STANDARD_YP_MAPS, allow: [], rules: [] } });
  const { service, connects } = self;
  const known = new Map<string, string>();
  const heard: string[] = [];
  let answered = 0;
  let silent = false;
  let owner = "";
  const rpcbind = (call: RpcCall): Uint8Array => {
    const [name, { result }] = Object.entries(RPCBIND_PROCEDURES).find(([, { number }]) => number === call.procedure) ?? assert.fail();
    const { netid, address, ...rest } = decodeAll(RPCBIND_PROCEDURES.set.argument, call.argument);
    owner = rest.owner;
    heard.push(`${name} ${netid}${address === "" ? "" : ` ${address}`}`);
    const give = (value: unknown): Uint8Array => encodeAll(rpcMessage, success(call.xid, encodeAll(result as Codec<unknown>, value)));
    if (name === "getAddress") return give(known.get(netid) ?? "");
    if (name === "unset") return give(known.delete(netid));
    if (known.has(netid)) return give(false);
    known.set(netid, address);
    return give(true);
  };
  /** Main connects, and rpcbind answers call after call until the connection is closed. */
  const serve = (): void => {
    while (answered < connects.length) {
      answered++;
      const inbox: Uint8Array[] = [];
      let open = true;
      const closing = (): void => {
        open = false;
      };
      const events: StreamEvents = service.stream(
        { number: 9, purpose: "rpcbind", peer: "", port: 0, uid: 0 },
        { write: (bytes) => inbox.push(bytes) > 0, close: closing },
      );
      for (let bytes = inbox.shift(); bytes !== undefined && open && !silent; bytes = inbox.shift()) {
        const records = new RpcRecords();
        records.push(bytes);
        const message = decodeAll(rpcMessage, records.next() ?? utf8(""));
        assert.ok(message.kind === "call" && message.program === 100_000 && message.version === 4);
        for (const byte of recordOf(rpcbind(message))) events.data(Uint8Array.of(byte));
      }
      if (!silent) assert.equal(open, false, "a round ends with its connection");
    }
  };
  const step = (seconds: number): void => {
    self.pass(seconds);
    serve();
  };
  return {
    ...self,
    known,
    step,
    heard: (): readonly string[] => heard.splice(0),
    owner: () => owner,
    silence: (on: boolean): void => {
      silent = on;
    },
    refuse: (): void => {
      answered = connects.length;
      service.rpcbindUnreachable();
    },
    isRegistered: (): boolean => service.view().yp?.registered ?? false,
  };
}

test("once listening, what a run before left behind is removed and every network of the configuration registered (§5.4)", () => {
  const { service, step, heard, known, isRegistered, owner } = rig();
  known.set("udp", "127.0.0.1.9.9");
  step(1);
  assert.deepEqual(heard(), []);
  service.listening(600);
  step(0);
  assert.deepEqual(heard(), [
    "unset udp",
    "unset tcp",
    "unset udp6",
    "unset tcp6",
    "set udp 127.0.0.1.2.88",
    "set udp6 ::1.2.88",
    "set tcp 127.0.0.1.2.88",
    "set tcp6 ::1.2.88",
  ]);
  assert.equal(owner(), "leasehold");
  assert.equal(known.size, 4);
  assert.equal(isRegistered(), true);
});

test("every 25 s rpcbind is asked whether it still knows us, and told again when it was restarted (§5.4, §9.8 5)", () => {
  const { service, step, heard, known, connects } = rig(["127.0.0.1"]);
  service.listening(600);
  step(0);
  heard();
  step(24);
  assert.equal(connects.length, 1);
  step(1.1);
  assert.deepEqual(heard(), ["getAddress udp 127.0.0.1.2.88", "getAddress tcp 127.0.0.1.2.88"]);
  known.clear();
  step(26);
  assert.deepEqual(
    known,
    new Map([
      ["udp", "127.0.0.1.2.88"],
      ["tcp", "127.0.0.1.2.88"],
    ]),
  );
});

test("an address that rpcbind has filled in is still ours when its port is", () => {
  const { service, step, heard, known } = rig(["0.0.0.0"]);
  service.listening(600);
  step(0);
  known.set("udp", "192.0.2.1.2.88");
  known.set("tcp", "192.0.2.1.2.89");
  heard();
  step(31);
  assert.deepEqual(heard(), ["getAddress udp 0.0.0.0.2.88", "getAddress tcp 0.0.0.0.2.88", "unset tcp 0.0.0.0.2.88", "set tcp 0.0.0.0.2.88"]);
});

test("an rpcbind that is not there, or says nothing, is tried again; the view says so", () => {
  const { service, step, refuse, silence, isRegistered, connects, known, logged } = rig(["127.0.0.1"]);
  service.listening(600);
  refuse();
  assert.equal(isRegistered(), false);
  assert.ok(logged.some((line) => line.includes("rpcbindUnregistered")));
  silence(true);
  step(31);
  step(11);
  assert.equal(connects.length, 2);
  assert.equal(isRegistered(), false);
  silence(false);
  step(31);
  assert.equal(isRegistered(), true);
  assert.equal(known.size, 2);
});

test("a registration that is refused is not said to be there", () => {
  const { service, step, known, isRegistered, heard } = rig(["127.0.0.1"]);
  service.listening(600);
  step(0);
  assert.equal(isRegistered(), true);
  known.set("udp", "127.0.0.1.7.7");
  const remove = known.delete.bind(known);
  known.delete = (netid) => netid !== "udp" && remove(netid);
  step(31);
  assert.equal(isRegistered(), false);
  assert.ok(heard().includes("set udp 127.0.0.1.2.88"));
});

test("before the end everything is taken out again, and nothing more is asked (U9, defect 26)", () => {
  const { service, step, known, heard, connects, isRegistered } = rig();
  service.listening(600);
  step(0);
  heard();
  service.listening(0);
  step(0);
  assert.equal(known.size, 0);
  assert.equal(isRegistered(), false);
  const before = connects.length;
  step(3600);
  assert.equal(connects.length, before);
});

test("without `register = rpcbind` nobody is connected to", () => {
  for (const register of ["builtin", "none"] as const) {
    const { service, pass, connects } = world({
      ...CONFIG,
      yp: { listen: ["127.0.0.1"], port: 0, register, binding: false, maps: STANDARD_YP_MAPS, allow: [], rules: [] },
    });
    service.listening(600);
    pass(100);
    assert.equal(connects.length, 0);
  }
});

test("an answer that is none ends the round, not the service", () => {
  const { service, pass, connects } = world({
    ...CONFIG,
    yp: { listen: ["127.0.0.1"], port: 0, register: "rpcbind", binding: false, maps: STANDARD_YP_MAPS, allow: [], rules: [] },
  });
  service.listening(600);
  let open = true;
  const closing = (): void => {
    open = false;
  };
  const events = service.stream({ number: 9, purpose: "rpcbind", peer: "", port: 0, uid: 0 }, { write: () => true, close: closing });
  events.data(recordOf(utf8("not rpc")));
  assert.equal(open, false);
  pass(31);
  assert.equal(connects.length, 2);
});
