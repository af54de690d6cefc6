/** A whole file of the journal, through aligned pages: it may be open for direct access. */
import { check, native } from "../native.ts";
import type { JournalFile } from "./segments.ts";

/** At most `file.bytes` bytes; fewer when it ends before. They stand in `room`, which has at least as many, until it is used again. */
export function readFile(file: JournalFile, pages: Uint8Array, room: Uint8Array = new Uint8Array(file.bytes)): Uint8Array {
  const bytes = room.subarray(0, file.bytes);
  let at = 0;
  while (at < bytes.length) {
    const got = check(native().pread(file.fd, pages, 0, pages.length, at), "pread");
    if (got === 0) return bytes.subarray(0, at);
    bytes.set(pages.subarray(0, Math.min(got, bytes.length - at)), at);
    at += got;
  }
  return bytes;
}
