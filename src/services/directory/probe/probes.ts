/** The last probe that somebody asked for, as the engine knows it: the fetcher is asked, and tells. */
import { NOTHING_YET, type ProbeReport } from "./report.ts";

/** `number` counts probes, so that whoever asks knows which one is theirs. */
export type ProbeView = ProbeReport & { readonly number: number; readonly source: string };

export class Probes {
  readonly #prober: { readonly probe: (probe: number, source: number) => boolean };
  view: ProbeView = { ...NOTHING_YET, done: true, number: 0, source: "" };

  constructor(prober: { readonly probe: (probe: number, source: number) => boolean }) {
    this.#prober = prober;
  }

  /** One that is under way is given up. @param place of the source in the configuration */
  begin(source: string, place: number): void {
    const number = this.view.number + 1;
    const asked = this.#prober.probe(number, place);
    this.view = { ...NOTHING_YET, number, source, ...(asked ? {} : { done: true, reason: "the fetcher is starting, or restarting" }) };
  }

  lost(): void {
    if (!this.view.done) this.view = { ...this.view, done: true, reason: "the fetcher ended; its log says why" };
  }

  tell(number: number, report: ProbeReport): void {
    if (number === this.view.number && !this.view.done) this.view = { ...report, number, source: this.view.source };
  }
}
