/** A child of the netlink tests: sends the datagram it is given on descriptor 3 and prints the errno of each answer. */
import { decodeAll } from "../../src/base/codec.ts";
import { bytesOf } from "../../src/base/hex.ts";
import { native } from "../../src/platform/native.ts";
import { NetlinkReceiver } from "../../src/platform/netlink/socket.ts";
import { netlinkDatagram } from "../../src/wire/netlink/message.ts";

const receiver = new NetlinkReceiver(3);
const sent = native().sendTo(3, bytesOf(process.argv[2] ?? ""), undefined, 0);
if (sent < 0) throw new Error(`sendto: ${sent}`);
const answers: unknown[] = [];
for (let datagram = receiver.next(); typeof datagram !== "number"; datagram = receiver.next()) {
  for (const message of decodeAll(netlinkDatagram, datagram))
    answers.push(message.kind === "error" || message.kind === "done" ? [message.kind, message.errno] : [message.kind]);
}
console.log(JSON.stringify({ uid: process.getuid?.(), answers }));
