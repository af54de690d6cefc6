/**
 * What a server was told and what it said, as lines of a recording: written down while somebody has asked for it, until the time is
 * over, the room is used up, or the recording is fetched. Otherwise nothing is kept, and `isOn` is all a server has to look at.
 */
import { LIMITS } from "../base/limits.ts";
import { after, NEVER } from "../base/time.ts";
import type { Alarm, Clock } from "../ports/clock.ts";
import { digestOf, encodeValue, headLine } from "./recording.ts";

export class Recorder {
  readonly #machine: string;
  readonly #clock: Clock;
  readonly #alarm: Alarm;
  readonly #ended: () => void;
  #lines: string[] | undefined;
  #characters = 0;
  #on = false;

  /** @param ended a recording that was on is over */
  constructor(machine: string, clock: Clock, ended: () => void) {
    this.#machine = machine;
    this.#clock = clock;
    this.#ended = ended;
    this.#alarm = clock.alarm(() => this.#ring());
  }

  get isOn(): boolean {
    return this.#on;
  }

  /** Begins another one; what was there is forgotten. */
  start(seconds: number): void {
    this.#end();
    this.#lines = [headLine(this.#machine, null)];
    this.#characters = 0;
    this.#on = true;
    this.#alarm.set(after(this.#clock.now(), Math.min(seconds, LIMITS.recordingSeconds)));
  }

  /** One step: told at this moment, and said all of that. */
  add(event: unknown, said: readonly unknown[]): void {
    this.begin(event)(said);
  }

  /** A step whose answer takes time. @returns to be called with what was said, once it is; without that the step is left out */
  begin(event: unknown): (said: readonly unknown[]) => void {
    const lines = this.#lines;
    if (!this.#on || lines === undefined) return () => undefined;
    const place = lines.push("") - 1;
    const now = this.#clock.now();
    return (said) => {
      if (!this.#on || this.#lines !== lines) return;
      const line = asciiOf(encodeValue({ event, now, digest: digestOf(null, said) }));
      this.#characters += line.length;
      const tooMuch = line.length > LIMITS.recordingStepCharacters || this.#characters > LIMITS.recordingCharacters;
      if (tooMuch || place > LIMITS.recordingSteps) return this.#end();
      lines[place] = line;
    };
  }

  /** Ends the recording and gives it away; undefined when there is none. */
  take(): readonly string[] | undefined {
    this.#end();
    const lines = this.#lines;
    this.#lines = undefined;
    this.#alarm.set(NEVER);
    return lines?.filter((line) => line !== "");
  }

  /** It goes no further; what there is can be fetched. */
  stop(): void {
    this.#end();
  }

  close(): void {
    this.take();
    this.#alarm.close();
  }

  #end(): void {
    if (!this.#on) return;
    this.#on = false;
    this.#alarm.set(after(this.#clock.now(), LIMITS.recordingKeptSeconds));
    this.#ended();
  }

  #ring(): void {
    if (this.#on) this.#end();
    else this.#lines = undefined;
  }
}

/** JSON all the same: so that characters are octets where lines are counted on their way. */
function asciiOf(json: string): string {
  return json.replace(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
