/** The client's full name, option 39 (RFC 4704): flags and a name in DNS form. */
import type { Codec } from "../../base/codec.ts";
import { LABEL_BYTES, nameOfLabels, readLabel } from "../../base/domain.ts";
import { WireError } from "../../base/errors.ts";

export type ClientFqdn = {
  /** S: the server does (or is asked to do) the update of the AAAA record. */
  readonly serverUpdates: boolean;
  /** O: the server did not follow the client's wish. */
  readonly overridden: boolean;
  /** N: nobody updates anything; never together with S. */
  readonly noUpdates: boolean;
  /** "" when the client asks for a name; no final dot. */
  readonly name: string;
  /** The name ends at the root: it is not to be completed with a domain of the server's (§4.2). */
  readonly complete: boolean;
};

const S = 1;
const O = 2;
const N = 4;

export const clientFqdn: Codec<ClientFqdn> = {
  decode: (reader) => {
    const offset = reader.offset;
    const flags = reader.u8();
    if ((flags & N) !== 0 && (flags & S) !== 0) throw new WireError("bad-value", offset);
    const labels: string[] = [];
    let complete = false;
    while (reader.remaining > 0 && !complete) {
      const at = reader.offset;
      const length = reader.u8();
      if (length > LABEL_BYTES) throw new WireError("bad-length", at);
      if (length === 0) complete = true;
      else labels.push(readLabel(reader, length));
    }
    if (labels.length === 0 && complete) throw new WireError("bad-value", offset);
    const name = labels.length === 0 ? "" : nameOfLabels(labels, offset);
    return { serverUpdates: (flags & S) !== 0, overridden: (flags & O) !== 0, noUpdates: (flags & N) !== 0, name, complete };
  },
  encode: (writer, value) => {
    writer.u8((value.serverUpdates ? S : 0) | (value.overridden ? O : 0) | (value.noUpdates ? N : 0));
    for (const label of value.name === "" ? [] : value.name.split(".")) {
      writer.u8(label.length);
      writer.text(label);
    }
    if (value.complete) writer.u8(0);
  },
};
