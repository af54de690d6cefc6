/**
 * A DHCPv4 server of a few lines that sends whatever bytes it is told, on plain sockets and with none of our code:
 * `raw-server4.ts JSON` with { address, offer, leaseSeconds, options: { code: hex }, sname, file } (hex). SIGUSR2 makes it refuse, SIGHUP falls silent.
 */
import { createSocket } from "node:dgram";

type Told = {
  readonly address: string;
  readonly offer: string;
  readonly leaseSeconds: number;
  readonly options: Readonly<Record<string, string>>;
  readonly sname?: string;
  readonly file?: string;
};

const COOKIE = "63825363";
const told = JSON.parse(process.argv[2] ?? "{}") as Told;
let refuses = false;
let silent = false;

const octets = (address: string): Buffer => Buffer.from(address.split(".").map(Number));
const seconds = (value: number): string => value.toString(16).padStart(8, "0");

function optionsOf(packet: Buffer): ReadonlyMap<number, Buffer> {
  const found = new Map<number, Buffer>();
  for (let at = 240; at < packet.length && packet[at] !== 255; ) {
    if (packet[at] === 0) at++;
    else {
      const length = packet[at + 1] ?? 0;
      found.set(packet[at] ?? 0, packet.subarray(at + 2, at + 2 + length));
      at += 2 + length;
    }
  }
  return found;
}

function answer(request: Buffer, type: "offer" | "ack" | "nak"): Buffer {
  const packet = Buffer.alloc(240);
  request.copy(packet, 0, 0, 44);
  packet[0] = 2;
  packet.fill(0, 12, 28);
  if (type !== "nak") octets(told.offer).copy(packet, 16);
  Buffer.from(told.sname ?? "", "hex").copy(packet, 44, 0, 64);
  Buffer.from(told.file ?? "", "hex").copy(packet, 108, 0, 128);
  packet.write(COOKIE, 236, "hex");
  const lease = { 51: seconds(told.leaseSeconds), 1: "ffffff00", 3: octets(told.address).toString("hex") };
  const code = { offer: "02", ack: "05", nak: "06" }[type];
  const all: Readonly<Record<string, string>> = {
    53: code,
    54: octets(told.address).toString("hex"),
    ...(type === "nak" ? {} : lease),
    ...told.options,
  };
  const parts = Object.entries(all).map(([number, hex]) => Buffer.from([Number(number), hex.length / 2, ...Buffer.from(hex, "hex")]));
  return Buffer.concat([packet, ...parts, Buffer.from([255])]);
}

process.on("SIGUSR2", () => {
  refuses = !refuses;
});
process.on("SIGHUP", () => {
  silent = !silent;
});
const socket = createSocket({ type: "udp4", reuseAddr: true });
socket.on("message", (request, from) => {
  const type = optionsOf(request).get(53)?.[0];
  if (silent || (type !== 1 && type !== 3)) return;
  const said = type === 1 ? "offer" : refuses ? "nak" : "ack";
  socket.send(answer(request, said), 68, from.address === "0.0.0.0" || said === "nak" ? "255.255.255.255" : from.address);
  process.stdout.write(`${said}\n`);
});
socket.bind(67, () => {
  socket.setBroadcast(true);
  process.stdout.write("listens\n");
});
