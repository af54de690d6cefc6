/**
 * A snapshot in a recording: its lines, in pieces, and made again of them. Of names with the same id one is found by it: those come
 * first, so that they are found again.
 */
import type { WallClock } from "../../../base/time.ts";
import { LIMITS } from "../../../base/limits.ts";
import { LineGatherer } from "../lines.ts";
import { NO_TEXTS } from "../by-name.ts";
import { type Harvest, type Snapshot, snapshotOf } from "../snapshot.ts";
import { finish } from "../sort.ts";
import type { Table } from "../table.ts";

export type LineKind = "users" | "groups";
export type SnapshotTimes = { readonly committedAt: WallClock; readonly usersChangedAt: WallClock; readonly groupsChangedAt: WallClock };
export type SnapshotEvent =
  /** Lines, each ended by a line feed; a piece may end within one. @property first whether they are found by their ids */
  | { readonly kind: "lines"; readonly of: LineKind; readonly first: boolean; readonly bytes: Uint8Array }
  /** All lines were told. */
  | ({ readonly kind: "snapshot" } & SnapshotTimes);

const LINE_FEED = Uint8Array.of(0x0a);
/** Octets of one step: twice as many characters. */
const PIECE_BYTES = 24_576;

/** Whether it is small enough to be written down while somebody waits. */
export function isRecordable({ users, groups }: Snapshot): boolean {
  return users.items.length + groups.items.length <= LIMITS.recordingDirectoryBytes;
}

export function* snapshotEvents({ users, groups, committedAt, usersChangedAt, groupsChangedAt }: Snapshot): Generator<SnapshotEvent> {
  for (const [of, table] of [["users", users] as const, ["groups", groups] as const]) {
    for (const first of [true, false]) for (const bytes of pieces(linesOf(table, first))) yield { kind: "lines", of, first, bytes };
  }
  yield { kind: "snapshot", committedAt, usersChangedAt, groupsChangedAt };
}

export function* pieces(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += PIECE_BYTES) yield bytes.slice(at, at + PIECE_BYTES);
}

export class SnapshotBuilder {
  #pieces: Extract<SnapshotEvent, { readonly kind: "lines" }>[] = [];

  lines(event: Extract<SnapshotEvent, { readonly kind: "lines" }>): void {
    this.#pieces.push(event);
  }

  snapshot({ committedAt, usersChangedAt, groupsChangedAt }: SnapshotTimes): Snapshot {
    const hidden = { shadows: NO_TEXTS, sshKeys: NO_TEXTS };
    const harvest = (first: boolean): Harvest => ({ users: this.#take("users", first), groups: this.#take("groups", first), ...hidden });
    const made = finish(snapshotOf([harvest(true), harvest(false)], undefined, committedAt));
    this.#pieces = [];
    return { ...made, usersChangedAt, groupsChangedAt };
  }

  #take(of: LineKind, first: boolean): Harvest["users"] {
    const bytes = joined(this.#pieces.filter((piece) => piece.of === of && piece.first === first).map((piece) => piece.bytes));
    const gatherer = new LineGatherer();
    for (const line of new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes).split("\n")) {
      const [name = "", , id = ""] = line.split(":");
      if (line !== "") gatherer.add({ name, id: Number(id), line });
    }
    return gatherer.take();
  }
}

export function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let end = 0;
  for (const part of parts) {
    bytes.set(part, end);
    end += part.length;
  }
  return bytes;
}

function linesOf(table: Table, first: boolean): Uint8Array {
  const lines: Uint8Array[] = [];
  for (let row = 0; row < table.count; row++) if ((table.findId(table.id(row)) === row) === first) lines.push(table.line(row), LINE_FEED);
  return joined(lines);
}
