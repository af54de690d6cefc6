/** Who is in which groups. Pairs in two arrays, chained by member: a map of lists would cost five times as much. */
import { LIMITS } from "../../base/limits.ts";
import type { Sliced } from "./sort.ts";
import type { Table } from "./table.ts";

const END = 0xffffffff;
const COLON = 0x3a;
const COMMA = 0x2c;
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

export class Memberships {
  readonly #groups: Table;
  readonly #last: ReadonlyMap<string, number>;
  readonly #rows: Uint32Array;
  readonly #previous: Uint32Array;

  constructor(groups: Table, last: ReadonlyMap<string, number>, rows: Uint32Array, previous: Uint32Array) {
    this.#groups = groups;
    this.#last = last;
    this.#rows = rows;
    this.#previous = previous;
  }

  /** Rows of the groups that name this member, in the order of names. */
  *groupsOf(member: string): Generator<number> {
    for (let pair = this.#last.get(member) ?? END; pair !== END; pair = this.#previous[pair] ?? END) yield this.#rows[pair] ?? 0;
  }

  membersOf(group: number): Generator<string> {
    return membersIn(this.#groups.line(group));
  }

  /** Stops counting there. */
  hasMoreMembersThan(most: number, group: number): boolean {
    const text = memberBytes(this.#groups.line(group));
    let count = text.length === 0 ? 0 : 1;
    for (let comma = text.indexOf(COMMA); comma !== -1 && count <= most; comma = text.indexOf(COMMA, comma + 1)) count++;
    return count > most;
  }

  isMember(member: string, group: number): boolean {
    for (const row of this.groupsOf(member)) if (row === group) return true;
    return false;
  }
}

/** From the last group to the first, so that chains lead from the first to the last. */
export function* membershipsOf(groups: Table): Sliced<Memberships> {
  const last = new Map<string, number>();
  let rows = new Uint32Array(1024);
  let previous = new Uint32Array(1024);
  let pairs = 0;
  for (let row = groups.count - 1; row >= 0; row--) {
    for (const member of membersIn(groups.line(row))) {
      if (pairs === rows.length) [rows, previous] = [doubled(rows), doubled(previous)];
      rows[pairs] = row;
      previous[pairs] = last.get(member) ?? END;
      last.set(member, pairs++);
      if (pairs % LIMITS.directorySliceRows === 0) yield;
    }
    if (row % LIMITS.directorySliceRows === 0) yield;
  }
  return new Memberships(groups, last, rows.slice(0, pairs), previous.slice(0, pairs));
}

function* membersIn(line: Uint8Array): Generator<string> {
  const text = memberBytes(line);
  for (let start = 0; start < text.length; ) {
    const comma = text.indexOf(COMMA, start);
    const end = comma === -1 ? text.length : comma;
    yield decoder.decode(text.subarray(start, end));
    start = end + 1;
  }
}

/** What stands behind the last colon: no member can hold one. */
function memberBytes(line: Uint8Array): Uint8Array {
  return line.subarray(line.lastIndexOf(COLON) + 1);
}

function doubled(array: Uint32Array<ArrayBuffer>): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(2 * array.length);
  larger.set(array);
  return larger;
}
