/** What fits one message to an engine: a batch of long datagrams is cut into several. */
import { LIMITS } from "../../base/limits.ts";

/** Of one message: what the channel takes, less its own fields. */
const BATCH_BYTES = LIMITS.channelFrameBytes - 1024;

export function batchesOf<T>(items: readonly T[], bytesOf: (item: T) => number): readonly (readonly T[])[] {
  const batches: T[][] = [];
  let roomBytes = 0;
  for (const item of items) {
    if (bytesOf(item) > roomBytes || batches.at(-1)?.length === LIMITS.channelBatch) {
      batches.push([]);
      roomBytes = BATCH_BYTES;
    }
    batches.at(-1)?.push(item);
    roomBytes -= bytesOf(item);
  }
  return batches;
}
