/** Encrypted resolvers, option 162 (RFC 9463 §5): instances, each with a name that certificates are checked against. */
import { type Codec, until, within } from "../../base/codec.ts";
import type { Reader, Writer } from "../../base/cursor.ts";
import { type DomainName, domainName } from "../../base/domain.ts";
import { WireError } from "../../base/errors.ts";
import { type Ipv4Address, ipv4Address } from "../../base/ipv4.ts";
import { LIMITS } from "../../base/limits.ts";
import { sized } from "../../base/values.ts";
import { addresses } from "./values.ts";

/** A service parameter as RFC 9460 §2.2 encodes it. */
export type ServiceParameter = { readonly key: number; readonly value: Uint8Array };
export type EncryptedResolver = {
  /** Lower is preferred. */
  readonly priority: number;
  readonly authenticationName: DomainName;
  /** Empty in the mode that gives the name only (RFC 9463 §3.1.6). */
  readonly addresses: readonly Ipv4Address[];
  readonly parameters: readonly ServiceParameter[];
};

const INSTANCES_MAX = 16;
/** The addresses stand in the option: these hints may not be there as well (RFC 9463 §3.1.5). */
const HINTS: readonly number[] = [4, 6];

const instance: Codec<EncryptedResolver> = {
  decode: (reader) => {
    const priority = reader.u16();
    const nameBytes = reader.u8();
    const authenticationName = within(reader, nameBytes, domainName);
    if (reader.remaining === 0) return { priority, authenticationName, addresses: [], parameters: [] };
    return { priority, authenticationName, addresses: within(reader, reader.u8(), addresses), parameters: parametersOf(reader) };
  },
  encode: (writer, value) => {
    writer.u16(value.priority);
    lengthFirst(writer, () => domainName.encode(writer, value.authenticationName));
    if (value.addresses.length === 0) return;
    lengthFirst(writer, () => {
      for (const address of value.addresses) ipv4Address.encode(writer, address);
    });
    for (const { key, value: bytes } of value.parameters) {
      writer.u16(key);
      writer.u16(bytes.length);
      writer.bytes(bytes);
    }
  },
};

const withLength: Codec<EncryptedResolver> = {
  decode: (reader) => within(reader, reader.u16(), instance),
  encode: (writer, value) => {
    const at = writer.length;
    writer.u16(0);
    instance.encode(writer, value);
    writer.patchU16(at, writer.length - at - 2);
  },
};

export const encryptedResolvers: Codec<readonly EncryptedResolver[]> = sized(until(withLength, INSTANCES_MAX), (bytes) => bytes > 0);

/** Keys strictly ascending (RFC 9460 §2.2); anything else means that the instance was put together wrongly. */
function parametersOf(reader: Reader): readonly ServiceParameter[] {
  const parameters: ServiceParameter[] = [];
  let previous = -1;
  while (reader.remaining > 0) {
    const offset = reader.offset;
    const key = reader.u16();
    if (key <= previous || HINTS.includes(key)) throw new WireError("bad-value", offset);
    if (parameters.length >= LIMITS.addressesPerOption) throw new WireError("too-many", offset);
    parameters.push({ key, value: reader.bytes(reader.u16()) });
    previous = key;
  }
  return parameters;
}

function lengthFirst(writer: Writer, body: () => void): void {
  const at = writer.length;
  writer.u8(0);
  body();
  writer.patchU8(at, writer.length - at - 1);
}
