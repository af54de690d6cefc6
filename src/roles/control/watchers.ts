/**
 * Whoever watches what happens to uplinks, as server-sent events. What waits for one that does not read is bounded: the oldest is dropped
 * and the watcher is told how much it missed. A comment now and then shows that both sides are still there.
 */
import { LIMITS } from "../../base/limits.ts";
import { asciiJson } from "../../base/text.ts";

const HEARTBEAT_MS = 20_000;
/** Heartbeats in a row at which something still waited: then the watcher is given up. */
const STALLS = 3;

export class Watchers {
  readonly #open = new Map<Watcher, string>();
  readonly #heartbeatMs: number;
  readonly #onCount: () => void;
  #heartbeat: ReturnType<typeof setInterval> | undefined;
  #next = 1;

  /** @param onCount somebody came or went */
  constructor(heartbeatMs: number = HEARTBEAT_MS, onCount: () => void = () => undefined) {
    this.#heartbeatMs = heartbeatMs;
    this.#onCount = onCount;
  }

  get count(): number {
    return this.#open.size;
  }

  /** @param name of an interface; "" for all @returns undefined when as many watch as may */
  open(name: string): ReadableStream<Uint8Array> | undefined {
    if (this.#open.size >= LIMITS.watchers) return undefined;
    const watcher = new Watcher(() => this.#close(watcher));
    this.#open.set(watcher, name);
    this.#onCount();
    this.#heartbeat ??= setInterval(() => this.#beat(), this.#heartbeatMs).unref();
    return watcher.stream;
  }

  /** @param record one JSON object as an engine wrote it @returns false when it is none: nobody is told */
  tell(name: string, event: string, record: Uint8Array): boolean {
    const data = oneLine(record);
    if (data === undefined) return false;
    const text = `id: ${this.#next++}\nevent: ${event}\ndata: ${data}\n\n`;
    for (const [watcher, wanted] of this.#open) if (wanted === "" || wanted === name) watcher.push(text);
    return true;
  }

  #beat(): void {
    for (const watcher of this.#open.keys()) watcher.beat();
  }

  #close(watcher: Watcher): void {
    this.#open.delete(watcher);
    this.#onCount();
    if (this.#open.size > 0) return;
    clearInterval(this.#heartbeat);
    this.#heartbeat = undefined;
  }
}

class Watcher {
  readonly stream: ReadableStream<Uint8Array>;
  readonly #onEnd: () => void;
  readonly #waiting: string[] = [": leasehold tells what happens\n\n"];
  #characters = 0;
  #lost = 0;
  #stalls = 0;
  #wake: (() => void) | undefined;
  #giveUp: (why: Error) => void = () => undefined;

  constructor(onEnd: () => void) {
    this.#onEnd = onEnd;
    this.stream = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#giveUp = (why) => controller.error(why);
        },
        pull: (controller) => this.#pull(controller),
        cancel: () => this.#onEnd(),
      },
      { highWaterMark: 0 }, // it is asked only when the connection takes more
    );
  }

  push(text: string): void {
    this.#waiting.push(text);
    this.#characters += text.length;
    while (this.#characters > LIMITS.watcherCharacters && this.#waiting.length > 1) {
      this.#characters -= this.#waiting.shift()?.length ?? 0;
      this.#lost++;
    }
    this.#wake?.();
  }

  beat(): void {
    if (this.#waiting.length === 0) return this.push(": still here\n\n");
    this.#stalls++;
    if (this.#stalls < STALLS) return;
    this.#onEnd();
    this.#giveUp(new Error("the watcher does not read"));
  }

  async #pull(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    if (this.#waiting.length === 0)
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    this.#wake = undefined;
    const lost = this.#lost > 0 ? `event: lost\ndata: {"events":${this.#lost}}\n\n` : "";
    const text = lost + this.#waiting.splice(0).join("");
    [this.#characters, this.#lost, this.#stalls] = [0, 0, 0];
    controller.enqueue(new TextEncoder().encode(text));
  }
}

/** A record must not end the event it stands in: it is read and printed again. */
function oneLine(record: Uint8Array): string | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(record));
    return typeof value === "object" && value !== null ? asciiJson(JSON.stringify(value)) : undefined;
  } catch {
    return undefined;
  }
}
