/** A stand-in for fetcher and store behind their fence: resolves, connects, encrypts and computes as they will, and tells. */
import { randomBytes, scrypt } from "node:crypto";
import { Resolver } from "node:dns";
import { once } from "node:events";
import { connect } from "node:net";
import { connect as connectTls } from "node:tls";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { enterFence, type FenceProfileName } from "../../../src/platform/fence/enter.ts";

export type Outward = {
  readonly profile: FenceProfileName;
  readonly id: number;
  readonly emptyRoot: string;
  readonly dns: number;
  readonly tcp: number;
  readonly tls: number;
};

const HOST = "127.0.0.1";
const { profile, id, emptyRoot, dns, tcp, tls }: Outward = JSON.parse(process.argv[2] ?? "");
const lacking = enterFence({ profile, uid: id, gid: id, emptyRoot, ownUids: true });

const resolver = new Resolver();
resolver.setServers([`${HOST}:${dns}`]);
const addresses = await new Promise((resolve) => resolver.resolve4("directory.example", (error, found) => resolve(error?.code ?? found)));

const plain = connect({ host: HOST, port: tcp, keepAlive: true, noDelay: true });
await once(plain, "connect");
plain.end("hello");
const [echo] = await once(plain, "data");

const secret = { psk: Buffer.alloc(16, 7), identity: "test" };
const secure = connectTls({
  host: HOST,
  port: tls,
  ciphers: "PSK",
  maxVersion: "TLSv1.2",
  pskCallback: () => secret,
  checkServerIdentity: () => undefined,
});
await once(secure, "secureConnect");
const protocol = secure.getProtocol();
secure.end();

await Promise.all([promisify(randomBytes)(16), promisify(scrypt)("a", "b", 16), promisify(gzip)("x".repeat(100_000))]);
console.log(JSON.stringify({ lacking, addresses, echo: String(echo), protocol }));
process.exit(0);
