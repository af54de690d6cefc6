/** The client's full name, option 81 (RFC 4702): flags, two dead result codes, a name in DNS form or as ASCII. */
import type { Codec } from "../../base/codec.ts";
import type { Reader } from "../../base/cursor.ts";
import { LABEL_BYTES, parseDomainName, readLabel } from "../../base/domain.ts";
import { WireError } from "../../base/errors.ts";

export type ClientFqdn = {
  /** S: the server does (or is asked to do) the update of the A record. */
  readonly serverUpdates: boolean;
  /** O: the server did not follow the client's wish. */
  readonly overridden: boolean;
  /** N: nobody updates anything; never together with S. */
  readonly noUpdates: boolean;
  /** E: DNS wire form; ASCII is the old form that is only read, and answered in kind (§3.1). */
  readonly encoding: "wire" | "ascii";
  /** Dead fields: clients send 0, servers 255 and ignore both (§2.2). */
  readonly rcode1: number;
  readonly rcode2: number;
  /** "" when the client asks for a name; no final dot. */
  readonly name: string;
  /** The name ends at the root: it is not to be completed with a domain of the server's (§2.3). */
  readonly complete: boolean;
};

const S = 1;
const O = 2;
const E = 4;
const N = 8;

export const clientFqdn: Codec<ClientFqdn> = {
  decode: (reader) => {
    const offset = reader.offset;
    const flags = reader.u8();
    if ((flags & N) !== 0 && (flags & S) !== 0) throw new WireError("bad-value", offset);
    const rcode1 = reader.u8();
    const rcode2 = reader.u8();
    const encoding = (flags & E) !== 0 ? "wire" : "ascii";
    const { name, complete } = encoding === "wire" ? wireName(reader) : asciiName(reader);
    return {
      serverUpdates: (flags & S) !== 0,
      overridden: (flags & O) !== 0,
      noUpdates: (flags & N) !== 0,
      encoding,
      rcode1,
      rcode2,
      name,
      complete,
    };
  },
  encode: (writer, value) => {
    const wire = value.encoding === "wire";
    writer.u8((value.serverUpdates ? S : 0) | (value.overridden ? O : 0) | (wire ? E : 0) | (value.noUpdates ? N : 0));
    writer.u8(value.rcode1);
    writer.u8(value.rcode2);
    if (!wire) {
      writer.text(value.complete ? `${value.name}.` : value.name);
      return;
    }
    for (const label of value.name === "" ? [] : value.name.split(".")) {
      writer.u8(label.length);
      writer.text(label);
    }
    if (value.complete) writer.u8(0);
  },
};

type Name = { readonly name: string; readonly complete: boolean };

/** Without its final root label the name is a partial one (§2.3.1). Compression is not allowed here. */
function wireName(reader: Reader): Name {
  const offset = reader.offset;
  const labels: string[] = [];
  while (reader.remaining > 0) {
    const at = reader.offset;
    const length = reader.u8();
    if (length === 0) return named({ text: labels.join("."), complete: true, offset });
    if (length > LABEL_BYTES) throw new WireError("bad-length", at);
    const label = readLabel(reader, length);
    if (label.includes(".")) throw new WireError("bad-value", at);
    labels.push(label);
  }
  return named({ text: labels.join("."), complete: false, offset });
}

function asciiName(reader: Reader): Name {
  const offset = reader.offset;
  const text = reader.text(reader.remaining).replace(/\0+$/, "");
  return named({ text: text.replace(/\.$/, ""), complete: text.endsWith("."), offset });
}

function named({ text, complete, offset }: { readonly text: string; readonly complete: boolean; readonly offset: number }): Name {
  if (text === "") {
    if (complete) throw new WireError("bad-value", offset);
    return { name: "", complete };
  }
  const name = text.endsWith(".") ? undefined : parseDomainName(text);
  if (name === undefined) throw new WireError("bad-value", offset);
  return { name, complete };
}
