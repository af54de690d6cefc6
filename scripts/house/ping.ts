/** An ICMP echo from this network namespace: the question whether packets go there and come back. */
import { Entropy } from "../../src/base/entropy.ts";
import type { Ipv4Address } from "../../src/base/ipv4.ts";
import { AF, check, native, SOCK } from "../../src/platform/native.ts";
import { inetAddress } from "../../src/platform/uplink-sockets.ts";
import { decodeEcho, encodeEcho } from "../../src/wire/ip/icmp.ts";

const ICMP = 1;
const TRIES = 20;
const PAUSE_MS = 50;
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** @returns milliseconds until the answer, or undefined when none came within a second */
export async function ping(target: Ipv4Address): Promise<number | undefined> {
  const seed = new Uint8Array(32);
  native().random(seed);
  const identifier = new Entropy(seed).u32() & 0xffff;
  const fd = check(native().socket(AF.inet, SOCK.raw, ICMP), "socket");
  try {
    const startedAt = performance.now();
    for (let sequence = 0; sequence < TRIES; sequence++) {
      native().sendTo(fd, encodeEcho({ kind: "echoRequest", identifier, sequence, data: seed }), inetAddress(target, 0), 0);
      await pause(PAUSE_MS);
      if (answered(fd, identifier)) return performance.now() - startedAt;
    }
    return undefined;
  } finally {
    native().close(fd);
  }
}

/** Raw sockets hear every ICMP message of the namespace, with its IP header. */
function answered(fd: number, identifier: number): boolean {
  const buffer = new Uint8Array(2048);
  for (;;) {
    const length = native().recvFrom(fd, buffer, undefined, 0);
    if (length < 0) return false;
    const headerBytes = ((buffer[0] ?? 0) & 15) * 4;
    try {
      const echo = decodeEcho(buffer.subarray(headerBytes, length));
      if (echo.kind === "echoReply" && echo.identifier === identifier) return true;
    } catch {
      // another ICMP message
    }
  }
}
