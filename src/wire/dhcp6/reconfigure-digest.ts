/** The proof in a Reconfigure: HMAC-MD5 over the whole message, the place of the proof being zeros while it is computed (RFC 9915 §20.4). */
import { Reader } from "../../base/cursor.ts";
import { hmacMd5, MD5_BYTES } from "../../base/md5.ts";
import { OPTIONS } from "./options.ts";

const HEADER_BYTES = 4;

/**
 * @param datagram a message of the reconfigure key protocol, decoded before: what it cannot be read by is a `WireError`
 * @returns undefined when nothing in it is large enough to hold a digest
 */
export function reconfigureDigest(datagram: Uint8Array, key: Uint8Array): Uint8Array | undefined {
  const end = endOfAuthentication(datagram);
  if (end === undefined || end - MD5_BYTES < HEADER_BYTES) return undefined;
  const message = Uint8Array.from(datagram);
  message.fill(0, end - MD5_BYTES, end);
  return hmacMd5(key, message);
}

function endOfAuthentication(datagram: Uint8Array): number | undefined {
  const reader = new Reader(datagram);
  reader.skip(HEADER_BYTES);
  while (reader.remaining > 0) {
    const code = reader.u16();
    reader.skip(reader.u16());
    if (code === OPTIONS.authentication.code) return reader.offset;
  }
  return undefined;
}
