/** The native layer against a real kernel. As root it works in a network namespace of its own. */
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { test } from "node:test";
import { KernelError } from "../../src/base/errors.ts";
import {
  AF,
  type Batch,
  batchLayout,
  CLONE,
  check,
  checkPoll,
  ERRNO,
  LOCK,
  MSG,
  native,
  nativeFolder,
  OPEN,
  POLL,
  SO,
  SOCK,
  SOL,
} from "../../src/platform/native.ts";

const sys = native();
const ADDON = `${nativeFolder()}leasehold.node`;
const isRoot = process.getuid?.() === 0;
const needsRoot = isRoot ? false : "needs root";

if (isRoot) {
  check(sys.unshare(CLONE.newnet), "unshare");
  execFileSync("ip", ["link", "set", "lo", "up"]);
}

const IPV6_RECVPKTINFO = 49;
const IPV6_PKTINFO = 50;
const IP_PKTINFO = 8;

function int(value: number): Uint8Array {
  return new Uint8Array(Int32Array.of(value).buffer);
}

/** A loopback address of the kernel's form; the port in network order. */
function loopback6(port: number): Uint8Array {
  const address = new Uint8Array(28);
  new DataView(address.buffer).setUint16(0, AF.inet6, true);
  new DataView(address.buffer).setUint16(2, port);
  address[23] = 1;
  return address;
}

function loopback4(port: number): Uint8Array {
  const address = new Uint8Array(16);
  new DataView(address.buffer).setUint16(0, AF.inet, true);
  new DataView(address.buffer).setUint16(2, port);
  address.set([127, 0, 0, 1], 4);
  return address;
}

function boundUdp6(): { readonly fd: number; readonly address: Uint8Array } {
  const fd = check(sys.socket(AF.inet6, SOCK.dgram, 0), "socket");
  check(sys.bind(fd, loopback6(0)), "bind");
  const address = new Uint8Array(128);
  return { fd, address: address.subarray(0, check(sys.getSockName(fd, address), "getsockname")) };
}

function pair(type: number = SOCK.seqpacket): [number, number] {
  const out = new Int32Array(2);
  check(sys.socketPair(type, out), "socketpair");
  return [out[0] ?? -1, out[1] ?? -1];
}

function closeAll(...fds: readonly number[]): void {
  for (const fd of fds) check(sys.close(fd), "close");
}

function openDescriptors(): number {
  return readdirSync("/proc/self/fd").length;
}

/** Waits for a fact of the outside world, up to 5 s. */
async function until(fact: () => boolean): Promise<void> {
  const deadline = sys.bootTimeMs() + 5000;
  while (!fact()) {
    assert.ok(sys.bootTimeMs() < deadline, "waited 5 s");
    await sleep(5);
  }
}

type Shape = { readonly slots: number; readonly dataSize: number; readonly controlSize: number };

function batchOf(shape: Shape): Batch & {
  readonly put: (slot: number, text: string, to: Uint8Array) => void;
  readonly meta: (slot: number) => Uint32Array;
  readonly control: (slot: number) => DataView;
  readonly text: (slot: number) => string;
  readonly address: (slot: number) => Uint8Array;
} {
  const batch = sys.batchNew(shape.slots, shape.dataSize, shape.controlSize);
  const at = batchLayout(shape);
  assert.equal(batch.arena.byteLength, at.total);
  const meta = (slot: number): Uint32Array => new Uint32Array(batch.arena, at.metas + slot * 16, 4);
  const data = (slot: number): Uint8Array => new Uint8Array(batch.arena, at.data + slot * shape.dataSize, shape.dataSize);
  const address = (slot: number): Uint8Array => new Uint8Array(batch.arena, at.addresses + slot * 128, 128);
  return {
    ...batch,
    meta,
    address,
    control: (slot) => new DataView(batch.arena, at.controls + slot * shape.controlSize, shape.controlSize),
    text: (slot) => Buffer.from(data(slot).subarray(0, meta(slot)[0])).toString(),
    put: (slot, text, to) => {
      data(slot).set(Buffer.from(text));
      address(slot).set(to);
      meta(slot).set([text.length, to.length, 0, 0]);
    },
  };
}

// ---- batches ----

test("a batch arrives with lengths, senders and the destination address of each datagram, and goes back as it came", async () => {
  const server = boundUdp6();
  const client = boundUdp6();
  check(sys.setSockOpt(server.fd, SOL.ipv6, IPV6_RECVPKTINFO, int(1)), "setsockopt");
  const out = batchOf({ slots: 10, dataSize: 100, controlSize: 0 });
  for (let slot = 0; slot < 10; slot += 1) out.put(slot, `datagram ${"x".repeat(slot)}`, server.address);
  assert.equal(sys.sendBatch(client.fd, out.handle, 0, 10), 10);

  const got = batchOf({ slots: 64, dataSize: 100, controlSize: 64 });
  await until(() => sys.recvFrom(server.fd, new Uint8Array(1), undefined, MSG.peek) > 0);
  assert.equal(sys.recvBatch(server.fd, got.handle, 64, 0), 10);
  for (let slot = 0; slot < 10; slot += 1) {
    assert.equal(got.text(slot), `datagram ${"x".repeat(slot)}`);
    const [length, addressLength, controlLength, flags] = got.meta(slot);
    assert.deepEqual([length, addressLength, controlLength, flags], [9 + slot, 28, 40, 0]);
    assert.deepEqual(got.address(slot).subarray(0, 28), client.address);
    const control = got.control(slot);
    assert.deepEqual([control.getUint32(8, true), control.getUint32(12, true)], [SOL.ipv6, IPV6_PKTINFO]);
    assert.equal(control.getUint8(31), 1); // the last byte of ::1
    assert.equal(control.getUint32(32, true), 1); // lo
  }
  assert.equal(sys.sendBatch(server.fd, got.handle, 3, 7), 4); // addresses and control data as received
  assert.equal(sys.recvBatch(client.fd, got.handle, 64, 0), 4);
  assert.equal(got.text(0), "datagram xxx");
  assert.equal(sys.recvBatch(client.fd, got.handle, 64, 0), -ERRNO.EAGAIN);
  closeAll(server.fd, client.fd);
});

test("IPv4 control data names the interface a datagram came in by", async () => {
  const server = check(sys.socket(AF.inet, SOCK.dgram, 0), "socket");
  check(sys.bind(server, loopback4(0)), "bind");
  check(sys.setSockOpt(server, SOL.ip, IP_PKTINFO, int(1)), "setsockopt");
  const name = new Uint8Array(16);
  check(sys.getSockName(server, name), "getsockname");
  const client = check(sys.socket(AF.inet, SOCK.dgram, 0), "socket");
  assert.equal(sys.sendTo(client, Buffer.from("hello"), name, 0), 5);
  const got = batchOf({ slots: 1, dataSize: 64, controlSize: 64 });
  await until(() => sys.recvFrom(server, new Uint8Array(1), undefined, MSG.peek) > 0);
  assert.equal(sys.recvBatch(server, got.handle, 1, 0), 1);
  assert.deepEqual([got.control(0).getUint32(12, true), got.control(0).getUint32(16, true)], [IP_PKTINFO, 1]);
  closeAll(server, client);
});

test("a datagram longer than its slot is cut at the slot and says so", () => {
  const server = boundUdp6();
  const got = batchOf({ slots: 2, dataSize: 16, controlSize: 0 });
  assert.equal(sys.sendTo(server.fd, new Uint8Array(1000).fill(7), server.address, 0), 1000);
  assert.equal(sys.recvBatch(server.fd, got.handle, 2, MSG.truncated), 1);
  const [length, , , flags] = got.meta(0);
  assert.deepEqual([length, (flags ?? 0) & MSG.truncated], [16, MSG.truncated]);
  assert.deepEqual([...new Uint8Array(got.arena, 16, 16)], new Array(16).fill(0), "the neighbour's slot is untouched");
  closeAll(server.fd);
});

test("lengths that pass their arrays are refused before the kernel sees them", () => {
  const client = boundUdp6();
  const out = batchOf({ slots: 4, dataSize: 32, controlSize: 16 });
  for (const meta of [
    [33, 28, 0, 0],
    [8, 129, 0, 0],
    [8, 28, 17, 0],
    [0xffffffff, 0, 0, 0],
  ]) {
    out.put(1, "x", client.address);
    out.meta(1).set(meta);
    assert.equal(sys.sendBatch(client.fd, out.handle, 0, 2), -ERRNO.EINVAL);
  }
  assert.equal(sys.sendBatch(client.fd, out.handle, 0, 5), -ERRNO.EINVAL);
  assert.equal(sys.sendBatch(client.fd, out.handle, 3, 2), -ERRNO.EINVAL);
  assert.equal(sys.recvBatch(client.fd, out.handle, 5, 0), -ERRNO.EINVAL);
  closeAll(client.fd);
});

test("a detached arena and a detached view are type errors", () => {
  const batch = sys.batchNew(4, 32, 0);
  structuredClone(batch.arena, { transfer: [batch.arena] });
  assert.throws(() => sys.recvBatch(0, batch.handle, 1, 0), TypeError);
  const view = new Uint8Array(64);
  structuredClone(view.buffer, { transfer: [view.buffer] });
  assert.throws(() => sys.bind(0, view), TypeError);
  assert.throws(() => sys.bind(0, new Uint8Array(new SharedArrayBuffer(16))), TypeError);
});

// ---- channels ----

test("sixteen descriptors travel with a message and work on the other side", () => {
  const [left, right] = pair();
  const before = openDescriptors();
  assert.equal(sys.sendMessage(left, Buffer.from("take"), new Int32Array(16).fill(left)), 4);
  const bytes = new Uint8Array(64);
  const fds = new Int32Array(17);
  assert.equal(sys.recvMessage(right, bytes, fds), 4);
  assert.equal(fds[0], 16);
  assert.equal(sys.sendMessage(fds[16] ?? -1, Buffer.from("by a passed descriptor"), undefined), 22);
  assert.equal(sys.recvMessage(right, bytes, fds.slice()), 22);
  for (const fd of fds.subarray(1)) assert.match(readFileSync(`/proc/self/fdinfo/${fd}`, "utf8"), /flags:\s+02\d{6}/); // O_CLOEXEC
  closeAll(...fds.subarray(1));
  assert.ok(openDescriptors() <= before, "none more is open"); // the runtime may close one of its own meanwhile
  assert.equal(sys.sendMessage(left, Buffer.from("x"), new Int32Array(17)), -ERRNO.EINVAL);
  assert.equal(sys.sendMessage(left, new Uint8Array(0), undefined), -ERRNO.EINVAL);
  closeAll(left);
  assert.equal(sys.recvMessage(right, bytes, fds), 0, "the end");
  closeAll(right);
});

test("a message that does not fit, or whose descriptors do not, is refused and leaves no descriptor open", () => {
  const [left, right] = pair();
  const before = openDescriptors();
  sys.sendMessage(left, new Uint8Array(100), Int32Array.of(0, 1));
  assert.equal(sys.recvMessage(right, new Uint8Array(99), new Int32Array(17)), -ERRNO.EMSGSIZE);
  const fds = new Int32Array(3);
  sys.sendMessage(left, new Uint8Array(10), Int32Array.of(0, 1, 2));
  assert.equal(sys.recvMessage(right, new Uint8Array(99), fds), -ERRNO.EMSGSIZE);
  assert.equal(fds[0], 0);
  assert.ok(openDescriptors() <= before, "none more is open"); // the runtime may close one of its own meanwhile
  closeAll(left, right);
});

test("the kernel says who is at the other end", () => {
  const [left, right] = pair(SOCK.stream);
  const who = new Int32Array(3);
  check(sys.peerCredentials(left, who), "getsockopt");
  assert.deepEqual([...who], [process.pid, process.getuid?.(), process.getgid?.()]);
  closeAll(left, right);
});

// ---- readiness ----

test("a poll is made and closed ten thousand times: no descriptor is lost, no callback comes late", async () => {
  const [left, right] = pair();
  sys.sendMessage(left, Buffer.from("x"), undefined); // readable all the time
  const before = openDescriptors();
  let late = 0;
  for (let round = 0; round < 10_000; round += 1) {
    const poll = checkPoll(
      sys.pollNew(right, () => {
        late += 1;
      }),
    );
    if (round % 2 === 0) sys.pollSet(poll, POLL.readable | POLL.writable);
    sys.pollClose(poll);
    assert.equal(sys.pollClose(poll), 0);
    if (round % 500 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  await until(() => openDescriptors() <= before);
  assert.equal(late, 0);
  closeAll(left, right);
});

test("a poll reports what was asked for, survives close of its descriptor, and ends when closed from within", async () => {
  const [left, right] = pair();
  const seen: number[] = [];
  const poll = checkPoll(
    sys.pollNew(right, (events) => {
      seen.push(events);
      sys.recvMessage(right, new Uint8Array(8), new Int32Array(1));
      if (seen.length === 2) sys.pollClose(poll);
    }),
  );
  sys.sendMessage(left, Buffer.from("1"), undefined);
  await until(() => seen.length === 1);
  sys.pollSet(poll, POLL.writable);
  await until(() => seen.length === 2);
  assert.deepEqual(seen, [POLL.readable, POLL.writable]);
  assert.equal(sys.pollSet(poll, POLL.readable), -ERRNO.EBADF);
  const other = checkPoll(sys.pollNew(right, () => undefined));
  closeAll(right); // the wrong order: the loop must not abort
  await sleep(20);
  sys.pollClose(other);
  closeAll(left);
});

test("a poll keeps working when nobody holds its handle", async () => {
  const script = `const n=require(${JSON.stringify(ADDON)}); const p=new Int32Array(2); n.socketPair(5,p); let seen=0;
    n.pollNew(p[1],()=>{ seen++; n.recvMessage(p[1],new Uint8Array(8),new Int32Array(1)); });
    (async()=>{ for (let i=0;i<20;i++) { gc(); n.sendMessage(p[0],new Uint8Array(1)); await new Promise(r=>setTimeout(r,5)); } console.log(seen); process.exit(); })();`;
  assert.equal(spawnSync(process.execPath, ["--expose-gc", "-e", script], { encoding: "utf8" }).stdout, "20\n");
});

test("what a callback throws becomes an uncaughtException, and the poll goes on", () => {
  const script = `const n=require(${JSON.stringify(ADDON)}); const p=new Int32Array(2); n.socketPair(5,p); let seen=0;
    process.on("uncaughtException",(e)=>{ console.log(e.message); if (++seen===2) process.exit(3); });
    n.pollNew(p[1],()=>{ throw new Error("from the callback"); }); n.sendMessage(p[0],new Uint8Array(1));`;
  const done = spawnSync(process.execPath, ["-e", script], { encoding: "utf8" });
  assert.deepEqual([done.status, done.stdout], [3, "from the callback\n".repeat(2)]);
});

test("a worker that ends with open polls leaves the process whole", () => {
  const script = `const {Worker}=require("worker_threads"); let left=20; const next=()=>{ if (left--===0) { console.log("whole"); return; }
    const w=new Worker('const n=require(${JSON.stringify(ADDON)}); const p=new Int32Array(2); n.socketPair(5,p); for(let i=0;i<5;i++) n.pollNew(p[1],()=>{}); n.batchNew(4,64,0); n.pollClose(n.pollNew(p[0],()=>{})); require("worker_threads").parentPort.postMessage(1)',{eval:true});
    w.on("message",()=>w.terminate().then(next)); }; next();`;
  const done = spawnSync(process.execPath, ["-e", script], { encoding: "utf8" });
  assert.deepEqual([done.status, done.signal, done.stdout], [0, null, "whole\n"], done.stderr);
});

test("a link that goes down is reported to the poll, and the poll hears again when it is up", { skip: needsRoot }, async () => {
  execFileSync("ip", ["link", "add", "down0", "type", "veth", "peer", "name", "down1"]);
  execFileSync("ip", ["link", "set", "down0", "up"]);
  execFileSync("ip", ["link", "set", "down1", "up"]);
  const fd = packetSocket(indexOf("down0"));
  const results: number[] = [];
  const poll = checkPoll(sys.pollNew(fd, () => void results.push(sys.recvFrom(fd, new Uint8Array(2000), undefined, 0))));
  execFileSync("ip", ["link", "set", "down0", "down"]);
  await until(() => results.includes(-ERRNO.ENETDOWN));
  results.length = 0;
  execFileSync("ip", ["link", "set", "down0", "up"]);
  await until(() => results.some((result) => result > 0)); // neighbour discovery of the link itself
  sys.pollClose(poll);
  closeAll(fd);
});

// ---- packets and filters ----

function indexOf(link: string): number {
  return Number(execFileSync("ip", ["-o", "link", "show", link], { encoding: "utf8" }).split(":")[0]);
}

function packetSocket(link: number): number {
  const fd = check(sys.socket(AF.packet, SOCK.dgram, 0x0300), "socket"); // ETH_P_ALL in network order
  const address = new Uint8Array(20);
  new DataView(address.buffer).setUint16(0, AF.packet, true);
  new DataView(address.buffer).setUint16(2, 3);
  new DataView(address.buffer).setInt32(4, link, true);
  check(sys.bind(fd, address), "bind");
  return fd;
}

/** One instruction of classic BPF. */
function bpf(code: number, jumpTrue: number, jumpFalse: number, k: number): Uint8Array {
  const instruction = new Uint8Array(8);
  new DataView(instruction.buffer).setUint16(0, code, true);
  instruction.set([jumpTrue, jumpFalse], 2);
  new DataView(instruction.buffer).setUint32(4, k, true);
  return instruction;
}

test("a packet socket's filter lets only its port through, and a locked filter stays", { skip: needsRoot }, async () => {
  const fd = packetSocket(1);
  const only4068 = Buffer.concat([bpf(0x28, 0, 0, 22), bpf(0x15, 0, 1, 4068), bpf(0x06, 0, 0, 0xffff), bpf(0x06, 0, 0, 0)]); // UDP destination port
  check(sys.attachFilter(fd, only4068), "setsockopt");
  check(sys.setSockOpt(fd, SOL.socket, SO.lockFilter, int(1)), "setsockopt");
  assert.equal(sys.attachFilter(fd, bpf(0x06, 0, 0, 0xffff)), -ERRNO.EPERM);
  assert.equal(sys.setSockOpt(fd, SOL.socket, SO.detachFilter, int(0)), -ERRNO.EPERM);
  const udp = check(sys.socket(AF.inet, SOCK.dgram, 0), "socket");
  for (const port of [4067, 4068, 4069]) assert.equal(sys.sendTo(udp, Buffer.from(`${port}`), loopback4(port), 0), 4);
  const bytes = new Uint8Array(2000);
  const texts: string[] = [];
  await until(() => sys.recvFrom(fd, bytes, undefined, MSG.peek) > 0);
  for (let length = sys.recvFrom(fd, bytes, undefined, 0); length > 0; length = sys.recvFrom(fd, bytes, undefined, 0))
    texts.push(Buffer.from(bytes.subarray(length - 4, length)).toString());
  assert.deepEqual([...new Set(texts)], ["4068"]);
  for (const broken of [new Uint8Array(0), new Uint8Array(7), new Uint8Array(8 * 4097), new Uint8Array(8)])
    assert.equal(sys.attachFilter(udp, broken), -ERRNO.EINVAL);
  closeAll(fd, udp);
});

test("options whose value is an address or counts in other units are refused", () => {
  const fd = check(sys.socket(AF.inet, SOCK.stream, 0), "socket");
  const out = new Uint8Array(64);
  for (const [level, name] of [
    [SOL.socket, 26],
    [SOL.socket, 51],
    [SOL.tcp, 35],
    [SOL.ip, 64],
    [SOL.ipv6, 64],
    [283, 1],
    [SOL.packet, 5],
    [-1, 0],
  ] as const) {
    assert.equal(sys.getSockOpt(fd, level, name, out), -ERRNO.EOPNOTSUPP);
    assert.equal(sys.setSockOpt(fd, level, name, out), -ERRNO.EOPNOTSUPP);
  }
  assert.equal(sys.prctl(2 /* PR_GET_PDEATHSIG */, 4096, 0, 0, 0), -ERRNO.EOPNOTSUPP);
  assert.equal(sys.prctl(3 /* PR_GET_DUMPABLE */, 0, 0, 0, 0), 1);
  closeAll(fd);
});

test("a TAP interface appears under the name asked for", {
  skip: isRoot && existsSync("/dev/net/tun") ? false : "needs root and /dev/net/tun",
}, () => {
  const fd = check(sys.open("/dev/net/tun", OPEN.readWrite, 0), "open");
  check(sys.ioctlTun(fd, "tap-test0", 2 | 0x1000), "ioctl");
  assert.match(execFileSync("ip", ["link", "show", "tap-test0"], { encoding: "utf8" }), /tap-test0/);
  closeAll(fd);
});

test("connections over TCP are accepted, shut and ended", async () => {
  const server = check(sys.socket(AF.inet, SOCK.stream, 0), "socket");
  check(sys.bind(server, loopback4(0)), "bind");
  check(sys.listen(server, 4), "listen");
  assert.equal(sys.accept(server), -ERRNO.EAGAIN);
  const name = new Uint8Array(16);
  check(sys.getSockName(server, name), "getsockname");
  const client = check(sys.socket(AF.inet, SOCK.stream, 0), "socket");
  assert.equal(sys.connect(client, name), -ERRNO.EINPROGRESS);
  let accepted = -1;
  await until(() => {
    accepted = sys.accept(server);
    return accepted >= 0;
  });
  check(sys.shutdown(accepted, 1), "shutdown");
  await until(() => sys.recvFrom(client, new Uint8Array(1), undefined, 0) === 0);
  closeAll(server, client, accepted);
});

// ---- time and files ----

test("a timer fires at an instant since boot, at once for the past, and never at Infinity", async () => {
  const timer = check(sys.timerNew(), "timerfd_create");
  const uptimeMs = Number(readFileSync("/proc/uptime", "utf8").split(" ")[0]) * 1000;
  assert.ok(Math.abs(sys.bootTimeMs() - uptimeMs) < 1000);
  const at = sys.bootTimeMs() + 50;
  check(sys.timerSet(timer, at), "timerfd_settime");
  assert.equal(sys.timerRead(timer), -ERRNO.EAGAIN);
  const fired = await new Promise<number>((resolve) => {
    const poll = checkPoll(
      sys.pollNew(timer, () => {
        sys.pollClose(poll);
        resolve(sys.bootTimeMs());
      }),
    );
  });
  assert.ok(fired >= at && fired < at + 1000);
  assert.equal(sys.timerRead(timer), 1);
  for (const past of [0, -1, -Infinity, 1, at]) {
    check(sys.timerSet(timer, past), "timerfd_settime");
    assert.equal(sys.timerRead(timer), 1);
  }
  for (const never of [Infinity, 1e300, Number.MAX_VALUE]) {
    check(sys.timerSet(timer, never), "timerfd_settime");
    assert.equal(sys.timerRead(timer), -ERRNO.EAGAIN);
  }
  assert.equal(sys.timerSet(timer, Number.NaN), -ERRNO.EINVAL);
  closeAll(timer);
});

test("a locked file is refused to the next, and a refusal is an error with name and number", () => {
  const folder = mkdtempSync(join(tmpdir(), "native-"));
  const path = join(folder, "lock");
  const first = check(sys.open(path, OPEN.write | OPEN.create, 0o600), "open");
  const second = check(sys.open(path, OPEN.write, 0), "open");
  check(sys.flock(first, LOCK.exclusive | LOCK.nonBlock), "flock");
  assert.equal(sys.flock(second, LOCK.exclusive | LOCK.nonBlock), -ERRNO.EAGAIN);
  check(sys.fsync(first), "fsync");
  assert.throws(
    () => check(sys.open(join(folder, "none"), OPEN.read, 0), "open"),
    (error: unknown) => error instanceof KernelError && error.syscall === "open" && error.errno === ERRNO.ENOENT && error.message.includes("ENOENT"),
  );
  assert.throws(() => sys.open("a\0b", 0, 0), TypeError);
  closeAll(first, second, check(sys.dup(0), "fcntl"));
  rmSync(folder, { recursive: true });
});
