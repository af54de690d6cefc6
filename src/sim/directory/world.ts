/**
 * One seed is one office: an LDAP server whose people come and go, the real fetcher's `Puller` and the real `directory`, and what goes
 * wrong between them. Every entry carries the number of the version it belongs to, so that a mixture can be seen.
 */
import { type Instant, instant } from "../../base/time.ts";
import { Puller } from "../../services/directory/fetch/puller.ts";
import { Directory } from "../../services/directory/service.ts";
import type { Table } from "../../services/directory/table.ts";
import { LDAP_MODES, LdapDirectory } from "../actors/ldap-directory.ts";
import { type DirectoryEntry, directoryOf } from "../actors/ldap-entries.ts";
import { Chance } from "../chance.ts";
import { SimClock, Timeline } from "../clock.ts";
import { Story } from "../log.ts";
import { BASE, CONFIG, FETCHER, SECRET } from "./settings.ts";
import { LdapStreams, NO_STREAM_FAULTS } from "./streams.ts";

export type OfficeOptions = { readonly seed: number; readonly minutes?: number; readonly calm?: boolean; readonly timeline?: Timeline };
export type OfficeChecker = {
  readonly name: string;
  readonly always?: (office: Office) => string | undefined;
  readonly settled?: (office: Office) => string | undefined;
};
export type OfficeReport = { readonly violation: string | undefined; readonly story: readonly string[]; readonly commits: number };

const SETTLE_SECONDS = 30 * 60;
const MESSAGE_MS = 0.1;

export class Office {
  /** Its own, or that of a larger world. */
  readonly timeline: Timeline;
  readonly story = new Story();
  readonly ldap: LdapDirectory;
  readonly streams: LdapStreams;
  readonly #clock: SimClock;
  readonly #chance: Chance;
  readonly #minutes: number;
  readonly #calm: boolean;
  #directory: Directory | undefined;
  #puller: Puller | undefined;
  #lives = { engine: 0, fetcher: 0 };
  #saved: Uint8Array | undefined;
  #checkers: readonly OfficeChecker[] = [];
  #violation: string | undefined;
  #seen: unknown;
  #commits = 0;

  constructor({ seed, minutes, calm = false, timeline = new Timeline() }: OfficeOptions) {
    this.timeline = timeline;
    this.#chance = new Chance(seed, 40);
    this.#minutes = minutes ?? 30 + new Chance(seed, 41).below(60);
    this.#calm = calm;
    this.#clock = new SimClock(this.timeline, seed, 42);
    this.ldap = new LdapDirectory({ ...SECRET, anonymous: false }, versionOf(0, new Chance(seed, 43)), ({ kind, detail }) =>
      this.tell("ldap", kind, detail),
    );
    this.streams = new LdapStreams(this.timeline, new Chance(seed, 44), this.ldap);
  }

  get now(): Instant {
    return this.timeline.now;
  }
  get directory(): Directory | undefined {
    return this.#directory;
  }

  always(...checkers: readonly OfficeChecker[]): this {
    this.#checkers = checkers;
    return this;
  }

  at(seconds: number, run: () => void): this {
    this.timeline.schedule(instant(seconds * 1000), run);
    return this;
  }

  /** Starts everything, and plans what happens until the faults are over. */
  begin(): void {
    this.startEngine();
    this.startFetcher();
    this.#every(240, () => this.change());
    if (!this.#calm) this.#every(180, () => this.#strike());
    this.at(this.#minutes * 60, () => this.#heal());
  }

  run(): OfficeReport {
    this.begin();
    this.#advance(this.#minutes * 60);
    this.#advance(SETTLE_SECONDS);
    this.#look("settled");
    return { violation: this.#violation, story: this.story.lines, commits: this.#commits };
  }

  /** People come and go. */
  change(): void {
    this.ldap.change(versionOf(this.ldap.versions.length, this.#chance));
  }

  startEngine(): void {
    if (this.#directory !== undefined) return;
    const life = ++this.#lives.engine;
    const alive = (): boolean => life === this.#lives.engine;
    const directory = new Directory({
      clock: this.#clockOf(alive),
      log: { write: (_level, event, fields) => this.tell("engine", event, JSON.stringify(fields)) },
      fetcher: { pull: (update, withinSeconds) => this.#message(() => this.#puller?.pull(update, withinSeconds)) },
      rpcbind: { connect: () => undefined },
      prober: { probe: () => false },
      events: { happened: () => undefined },
      store: {
        save: (bytes) => {
          this.#saved = bytes.slice();
        },
      },
    });
    this.#directory = directory;
    directory.configure(CONFIG);
    if (this.#saved !== undefined) directory.stored(this.#saved);
    if (this.#puller !== undefined) directory.updates.fetcherReady();
  }

  startFetcher(): void {
    if (this.#puller !== undefined) return;
    const life = ++this.#lives.fetcher;
    const alive = (): boolean => life === this.#lives.fetcher;
    this.#puller = new Puller({
      clock: this.#clockOf(alive),
      streams: this.streams,
      output: {
        entries: (batch) => this.#message(() => this.#directory?.entries(batch)),
        pulled: (result) => this.#message(() => this.#directory?.pulled(result)),
      },
      log: { write: (_level, event, fields) => this.tell("fetcher", event, JSON.stringify(fields)) },
    });
    this.#puller.configure(FETCHER);
    this.#directory?.updates.fetcherReady();
  }

  killEngine(): void {
    this.#lives.engine++;
    this.#directory = undefined;
    this.#message(() => this.startEngine());
  }

  killFetcher(): void {
    this.#lives.fetcher++;
    this.#puller?.configure({ ...FETCHER, sources: [] });
    this.#puller = undefined;
    this.#directory?.updates.fetcherLost();
    this.#message(() => this.startFetcher());
  }

  tell(who: string, what: string, words: string): void {
    this.story.tell(this.now, who, what, words);
  }

  #strike(): void {
    const chance = this.#chance;
    const pick = chance.below(5);
    if (pick === 0) this.ldap.mode = chance.some(LDAP_MODES) ?? "serve";
    else if (pick === 1) this.streams.faults = { refusesPerMille: chance.below(800), breaksPerMille: chance.below(500), delayMs: chance.below(2000) };
    else if (pick === 2) this.killEngine();
    else if (pick === 3) this.killFetcher();
    else this.#heal();
    this.tell("world", "fault", ["mode", "streams", "engine killed", "fetcher killed", "healed"][pick] ?? "");
  }

  #heal(): void {
    this.ldap.mode = "serve";
    this.streams.faults = NO_STREAM_FAULTS;
  }

  #every(meanSeconds: number, run: () => void): void {
    const next = (): void => {
      const at = this.now + this.#chance.between(0, 2 * meanSeconds * 1000);
      if (at > this.#minutes * 60_000) return;
      this.timeline.schedule(instant(at), () => {
        run();
        next();
      });
    };
    next();
  }

  #advance(seconds: number): void {
    this.timeline.runUntil(instant(this.now + seconds * 1000), () => {
      const snapshot = this.#directory?.updates.snapshot;
      if (snapshot !== this.#seen) {
        this.#seen = snapshot;
        this.#commits++;
        this.#look("always");
      }
      return this.#violation === undefined;
    });
  }

  #look(when: "always" | "settled"): void {
    for (const checker of this.#violation === undefined ? this.#checkers : []) {
      const wrong = checker[when]?.(this);
      if (wrong === undefined) continue;
      this.#violation = `${checker.name}: ${wrong}`;
      this.tell("world", "violation", this.#violation);
    }
  }

  #message(run: () => void): void {
    this.timeline.schedule(instant(this.now + MESSAGE_MS), run);
  }

  #clockOf(alive: () => boolean): SimClock {
    const clock = this.#clock;
    const alarm = (ring: () => void): ReturnType<SimClock["alarm"]> =>
      clock.alarm(() => {
        if (alive()) ring();
      });
    return Object.assign(Object.create(clock) as SimClock, {
      now: () => clock.now(),
      wallClock: () => clock.wallClock(),
      entropy: () => clock.entropy(),
      alarm,
    });
  }
}

/** Lines of a table as text. */
export function linesOf(table: Table | undefined): readonly string[] {
  return Array.from({ length: table?.count ?? 0 }, (_, row) => new TextDecoder().decode(table?.line(row)));
}

/** 20 to 40 people; who and what they are called says which version this is. */
function versionOf(version: number, chance: Chance): readonly DirectoryEntry[] {
  const people = Array.from({ length: 20 + chance.below(20) }, (_, i) => ({ name: `user${i}`, id: 2000 + i, group: 5000, gecos: `v${version}` }));
  const members = [`v${version}`, ...people.map(({ name }) => name)];
  return directoryOf(
    BASE,
    people,
    [0, 1, 2].map((i) => ({ name: `group${i}`, id: 5000 + i, members })),
  );
}
