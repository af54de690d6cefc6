/**
 * One source read as an update would read it, for somebody who looks on, and nothing of it served: the same conversation, with each
 * step told as it ends.
 */
import { LIMITS } from "../../../base/limits.ts";
import { DIRECTORY_LIMITS } from "../../../base/limits-directory.ts";
import type { Clock } from "../../../ports/clock.ts";
import type { ServiceNames, TlsStreams } from "../../../ports/tls-streams.ts";
import { groupLine, userLine } from "../check.ts";
import type { FetcherConfig } from "../config.ts";
import { Puller } from "../fetch/puller.ts";
import { NOTHING_YET, type ProbeReport } from "./report.ts";
import { WatchedStreams } from "./steps.ts";

export type ProbePorts = { readonly clock: Clock; readonly streams: TlsStreams; readonly names?: ServiceNames };

const LINES_OF_EACH = 3;

export class Probe {
  readonly #puller: Puller;
  readonly #tell: (report: ProbeReport) => void;
  #report: ProbeReport = NOTHING_YET;

  /** @param tell gets the report as it grows; the last one is `done` */
  constructor({ clock, streams, names }: ProbePorts, tell: (report: ProbeReport) => void) {
    this.#tell = tell;
    const watched = new WatchedStreams(streams, {
      now: () => clock.now(),
      step: (step, ok, ms, detail) => this.#add({ step, ok, ms: Math.round(ms), detail: detail.slice(0, DIRECTORY_LIMITS.probeLineCharacters) }),
    });
    this.#puller = new Puller({
      clock,
      streams: watched,
      ...(names === undefined ? {} : { names }),
      log: { write: () => undefined },
      output: {
        entries: ({ users, groups }) => this.#show(users.slice(0, LINES_OF_EACH).map(userLine), groups.slice(0, LINES_OF_EACH).map(groupLine)),
        pulled: ({ reason, users, groups, rejects }) => this.#end({ reason, users, groups, rejects }),
      },
    });
  }

  /** @param place of the source in the configuration */
  begin(config: FetcherConfig, place: number): void {
    const source = config.sources[place];
    if (source === undefined) return this.#end({ reason: "there is no such source", users: 0, groups: 0, rejects: [] });
    this.#puller.configure({ ...config, sources: [{ ...source, refresh: "whole" }] });
    this.#puller.pull(1, DIRECTORY_LIMITS.probeSeconds);
  }

  /** What is under way is given up, and nothing of it told. */
  abandon(): void {
    this.#report = { ...this.#report, done: true };
    this.#puller.configure({ resolvers: [], idFences: NO_FENCES, sources: [] });
  }

  #add(step: ProbeReport["steps"][number]): void {
    if (this.#report.done || this.#report.steps.length >= DIRECTORY_LIMITS.probeSteps) return;
    this.#report = { ...this.#report, steps: [...this.#report.steps, step] };
    this.#tell(this.#report);
  }

  #show(users: readonly string[], groups: readonly string[]): void {
    const isFirst = this.#report.lines.length < LINES_OF_EACH;
    const lines = [...(isFirst ? users : []), ...groups].map((line) => line.slice(0, DIRECTORY_LIMITS.probeLineCharacters));
    this.#report = { ...this.#report, lines: [...this.#report.lines, ...lines].slice(0, 2 * LINES_OF_EACH) };
  }

  #end(end: Pick<ProbeReport, "reason" | "users" | "groups" | "rejects">): void {
    if (this.#report.done) return;
    this.#report = { ...this.#report, ...end, rejects: end.rejects.slice(0, LIMITS.rejectReasons), done: true };
    this.#tell(this.#report);
  }
}

const NO_FENCES = { minUid: 0, maxUid: 0, minGid: 0, maxGid: 0, localUsers: [], localGroups: [] };
