/** A domain search list with compression pointers that stay inside the joined option (RFC 3397 §2). */
import type { Codec } from "../../base/codec.ts";
import { Reader, type Writer } from "../../base/cursor.ts";
import { type DomainName, LABEL_BYTES, nameOfLabels, readLabel } from "../../base/domain.ts";
import { WireError } from "../../base/errors.ts";
import { LIMITS } from "../../base/limits.ts";

const POINTER = 0xc000;
const NAME_BYTES = 255;

/** One name or more. Encoding shares every ending that a pointer can reach, as RFC 3397 §2 recommends. */
export const searchList: Codec<readonly DomainName[]> = {
  decode: (reader) => {
    const base = reader.offset;
    const area = reader.rest();
    if (area.length === 0) throw new WireError("bad-length", base);
    const names: DomainName[] = [];
    const cursor = new Reader(area, base);
    while (cursor.remaining > 0) {
      if (names.length >= LIMITS.searchDomains) throw new WireError("too-many", cursor.offset);
      const offset = cursor.offset;
      names.push(nameOfLabels(labelsAt(cursor, { area, base }), offset));
    }
    return names;
  },
  encode: (writer, names) => {
    const start = writer.length;
    const known = new Map<string, number>();
    for (const name of names) writeName(writer, { name, start, known });
  },
};

/** A pointer may only lead to before the run of labels it ends, so that every jump goes backwards and the walk ends. */
function labelsAt(first: Reader, { area, base }: { readonly area: Uint8Array; readonly base: number }): readonly string[] {
  const labels: string[] = [];
  let reader = first;
  let runStart = first.offset - base;
  let nameBytes = 1;
  let jumps = 0;
  for (;;) {
    const offset = reader.offset;
    const length = reader.u8();
    if (length === 0) return labels;
    if (length >= 0xc0) {
      const target = (length & 0x3f) * 256 + reader.u8();
      jumps += 1;
      if (target >= runStart || jumps > LIMITS.namePointers) throw new WireError("bad-pointer", offset);
      runStart = target;
      reader = new Reader(area.subarray(target), base + target);
      continue;
    }
    if (length > LABEL_BYTES) throw new WireError("bad-length", offset);
    nameBytes += length + 1;
    if (nameBytes > NAME_BYTES) throw new WireError("bad-length", offset);
    labels.push(readLabel(reader, length));
  }
}

type Writing = { readonly name: DomainName; readonly start: number; readonly known: Map<string, number> };

function writeName(writer: Writer, { name, start, known }: Writing): void {
  const labels = name.split(".");
  for (const [i, label] of labels.entries()) {
    const ending = labels.slice(i).join(".");
    const at = known.get(ending);
    if (at !== undefined) {
      writer.u16(POINTER | at);
      return;
    }
    const here = writer.length - start;
    if (here < 0x4000) known.set(ending, here);
    writer.u8(label.length);
    writer.text(label);
  }
  writer.u8(0);
}
