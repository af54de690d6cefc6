/**
 * A certificate that signs itself, for the directory of the private house (RFC 5280 §4.1): ECDSA on P-256, good for a day, for one
 * name and one address. Node makes keys and signatures; the few structures of ASN.1 in between are written here.
 */
import { createSign, generateKeyPairSync, randomBytes } from "node:crypto";

export type Certificate = { readonly certificatePem: string; readonly keyPem: string };

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const TAG = { boolean: 0x01, integer: 0x02, bits: 0x03, octets: 0x04, oid: 0x06, text: 0x0c, time: 0x18, sequence: 0x30, set: 0x31 } as const;
const OID = {
  ecdsaWithSha256: "2a8648ce3d040302",
  commonName: "550403",
  basicConstraints: "551d13",
  subjectAltName: "551d11",
} as const;

/** @param address IPv4 or IPv6 as its bytes */
export function selfSigned(name: string, address: Uint8Array): Certificate {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  const algorithm = sequence(oid(OID.ecdsaWithSha256));
  const who = sequence(element(TAG.set, sequence(oid(OID.commonName), element(TAG.text, Buffer.from(name)))));
  const now = Date.now();
  const toBeSigned = sequence(
    element(0xa0, element(TAG.integer, Buffer.of(2))), // version 3
    element(TAG.integer, Buffer.concat([Buffer.of(0x40), randomBytes(15)])),
    algorithm,
    who,
    sequence(time(now - HOUR_MS), time(now + DAY_MS)),
    who,
    publicKey.export({ type: "spki", format: "der" }),
    element(0xa3, sequence(authority(), names(name, address))),
  );
  const signature = createSign("sha256").update(toBeSigned).sign(privateKey);
  const der = sequence(toBeSigned, algorithm, element(TAG.bits, Buffer.concat([Buffer.of(0), signature])));
  return { certificatePem: pem("CERTIFICATE", der), keyPem: privateKey.export({ type: "pkcs8", format: "pem" }).toString() };
}

/** It stands for itself: whoever trusts it needs to see that it may sign. */
function authority(): Buffer {
  const yes = element(TAG.boolean, Buffer.of(0xff));
  return sequence(oid(OID.basicConstraints), yes, element(TAG.octets, sequence(yes)));
}

function names(name: string, address: Uint8Array): Buffer {
  const both = sequence(element(0x82, Buffer.from(name)), element(0x87, Buffer.from(address)));
  return sequence(oid(OID.subjectAltName), element(TAG.octets, both));
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return element(TAG.sequence, Buffer.concat(parts));
}

function oid(hex: string): Buffer {
  return element(TAG.oid, Buffer.from(hex, "hex"));
}

/** GeneralizedTime is for 2050 and later only (RFC 5280 §4.1.2.5); until then the century is left out. */
function time(ms: number): Buffer {
  const digits = new Date(ms).toISOString().replace(/[-:T]|\.\d+/g, "");
  return digits < "2050" ? element(0x17, Buffer.from(digits.slice(2))) : element(TAG.time, Buffer.from(digits));
}

function element(tag: number, content: Buffer): Buffer {
  const { length } = content;
  const head = length < 0x80 ? [tag, length] : length < 0x100 ? [tag, 0x81, length] : [tag, 0x82, length >>> 8, length & 255];
  return Buffer.concat([Buffer.from(head), content]);
}

function pem(label: string, der: Buffer): string {
  const lines = der.toString("base64").match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join("\n")}\n-----END ${label}-----\n`;
}
