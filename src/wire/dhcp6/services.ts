/** Services a reply names: time sources (RFC 5908) and encrypted resolvers (RFC 9463 §4). */
import { type Codec, until, within } from "../../base/codec.ts";
import { type DomainName, domainName } from "../../base/domain.ts";
import { WireError } from "../../base/errors.ts";
import { type Ipv6Address, ipv6Address } from "../../base/ipv6.ts";
import { LIMITS } from "../../base/limits.ts";
import { lengthFirst } from "./set.ts";
import { sized } from "../../base/values.ts";
import { addresses, bytes16 } from "./values.ts";

/** Sub-options of option 56 (RFC 5908 §4). One source to an instance is the rule; some servers put all into one. */
export type TimeSource =
  | { readonly kind: "unicast" | "multicast"; readonly address: Ipv6Address }
  | { readonly kind: "name"; readonly name: DomainName }
  | { readonly kind: "unknown"; readonly code: number; readonly bytes: Uint8Array };

const SOURCE = { unicast: 1, multicast: 2, name: 3 } as const;

const timeSource: Codec<TimeSource> = {
  decode: (reader) => {
    const code = reader.u16();
    const length = reader.u16();
    if (code === SOURCE.unicast) return { kind: "unicast", address: within(reader, length, ipv6Address) };
    if (code === SOURCE.multicast) return { kind: "multicast", address: within(reader, length, ipv6Address) };
    if (code === SOURCE.name) return { kind: "name", name: within(reader, length, domainName) };
    return { kind: "unknown", code, bytes: reader.bytes(length) };
  },
  encode: (writer, value) => {
    writer.u16(value.kind === "unknown" ? value.code : SOURCE[value.kind]);
    lengthFirst(writer, () => {
      if (value.kind === "unknown") writer.bytes(value.bytes);
      else if (value.kind === "name") domainName.encode(writer, value.name);
      else ipv6Address.encode(writer, value.address);
    });
  },
};
export const timeSources: Codec<readonly TimeSource[]> = sized(until(timeSource, LIMITS.addressesPerOption), (bytes) => bytes > 0);

/** A service parameter as RFC 9460 §2.2 encodes it. */
export type ServiceParameter = { readonly key: number; readonly value: Uint8Array };
export type EncryptedResolver = {
  /** Lower is preferred; 0 would be an alias and is refused (RFC 9463 §3.1.9). */
  readonly priority: number;
  /** What certificates are checked against. */
  readonly authenticationName: DomainName;
  /** Empty in the mode that gives the name only (RFC 9463 §3.1.6). */
  readonly addresses: readonly Ipv6Address[];
  readonly parameters: readonly ServiceParameter[];
};

/** The addresses stand in the option: these hints may not be there as well (RFC 9463 §3.1.5). */
const HINTS: readonly number[] = [4, 6];

/** Keys strictly ascending (RFC 9460 §2.2); anything else means that the option was put together wrongly. */
export const serviceParameters: Codec<readonly ServiceParameter[]> = {
  decode: (reader) => {
    const parameters: ServiceParameter[] = [];
    let previous = -1;
    while (reader.remaining > 0) {
      const offset = reader.offset;
      const key = reader.u16();
      if (key <= previous || HINTS.includes(key)) throw new WireError("bad-value", offset);
      if (parameters.length >= LIMITS.addressesPerOption) throw new WireError("too-many", offset);
      parameters.push({ key, value: bytes16.decode(reader) });
      previous = key;
    }
    return parameters;
  },
  encode: (writer, parameters) => {
    for (const { key, value } of parameters) {
      writer.u16(key);
      bytes16.encode(writer, value);
    }
  },
};

export const encryptedResolver: Codec<EncryptedResolver> = {
  decode: (reader) => {
    const offset = reader.offset;
    const priority = reader.u16();
    if (priority === 0) throw new WireError("bad-value", offset);
    const nameBytes = reader.u16();
    const authenticationName = within(reader, nameBytes, domainName);
    if (reader.remaining === 0) return { priority, authenticationName, addresses: [], parameters: [] };
    const addressBytes = reader.u16();
    return { priority, authenticationName, addresses: within(reader, addressBytes, addresses), parameters: serviceParameters.decode(reader) };
  },
  encode: (writer, value) => {
    writer.u16(value.priority);
    lengthFirst(writer, () => domainName.encode(writer, value.authenticationName));
    if (value.addresses.length === 0) return;
    lengthFirst(writer, () => addresses.encode(writer, value.addresses));
    serviceParameters.encode(writer, value.parameters);
  },
};
