/** Encrypted resolvers that a router advertises, option 144 (RFC 9463 §6): what DHCPv6 says of them, with a lifetime and lengths of its own. */
import { type Codec, within } from "../../base/codec.ts";
import type { Reader } from "../../base/cursor.ts";
import { domainName } from "../../base/domain.ts";
import { WireError } from "../../base/errors.ts";
import { type EncryptedResolver, serviceParameters } from "../dhcp6/services.ts";
import { lengthFirst } from "../dhcp6/set.ts";
import { addresses } from "../dhcp6/values.ts";
import { padded } from "./values.ts";

export type AdvertisedResolver = EncryptedResolver & { readonly lifetimeSeconds: number };

/** The mode that gives the name only ends behind it; zeros up to a multiple of eight read as no addresses. */
export const advertisedResolver: Codec<AdvertisedResolver> = {
  decode: (reader) => {
    const offset = reader.offset;
    const priority = reader.u16();
    if (priority === 0) throw new WireError("bad-value", offset);
    const lifetimeSeconds = reader.u32();
    const authenticationName = within(reader, reader.u16(), domainName);
    const named = { priority, lifetimeSeconds, authenticationName };
    const addressBytes = reader.remaining < 2 ? 0 : reader.u16();
    if (addressBytes === 0) {
      zeros(reader);
      return { ...named, addresses: [], parameters: [] };
    }
    const resolver = { ...named, addresses: within(reader, addressBytes, addresses), parameters: within(reader, reader.u16(), serviceParameters) };
    zeros(reader);
    return resolver;
  },
  encode: (writer, value) => {
    const start = writer.length;
    writer.u16(value.priority);
    writer.u32(value.lifetimeSeconds);
    lengthFirst(writer, () => domainName.encode(writer, value.authenticationName));
    if (value.addresses.length > 0) {
      lengthFirst(writer, () => addresses.encode(writer, value.addresses));
      lengthFirst(writer, () => serviceParameters.encode(writer, value.parameters));
    }
    padded(writer, start);
  },
};

/** What fills the option up says nothing; anything else was put together wrongly. */
function zeros(reader: Reader): void {
  const offset = reader.offset;
  if (reader.rest().some((byte) => byte !== 0)) throw new WireError("bad-value", offset);
}
