/** The DHCPv6 server at work: what comes in is answered, what is over ends, what was changed is durable, what routes follow is told. */
import { after } from "../../base/time.ts";
import type { Alarm } from "../../ports/clock.ts";
import type { ServedRows } from "../../ports/datagrams.ts";
import type { LeaseChanges, LeaseFilter, LeaseListeners, LeaseOutcome, LeasePage } from "../../ports/leases.ts";
import type { DiskState } from "../../ports/store.ts";
import type { LanConfig } from "./config.ts";
import { REPLY_SHAPE, ReplyBatch } from "./dhcp6-server/batch.ts";
import { RecordedDhcp6Server } from "./dhcp6-server/recorder.ts";
import { HostNames } from "./host-names.ts";
import { LeaseEvents } from "./lease-events.ts";
import { LeaseLists } from "./lease-lists.ts";
import { ReconfigureDesk } from "./reconfigure-desk.ts";
import { routesOf } from "./routes.ts";
import type { LanMemory, LanPorts } from "./service.ts";
import { newestSeconds, WallSeconds } from "./wall-seconds.ts";

export type Dhcp6Ports = Pick<LanPorts, "clock" | "log" | "routes"> & {
  readonly dhcp6: Pick<LanPorts["dhcp6"], "replies" | "disk" | "listeners" | "hostNames">;
  /** The name of a link by the kernel's index. */
  readonly nameOf: (index: number) => string | undefined;
};

/** Rows of the lease table looked at, and how often: 100,000 leases take 2.4 seconds. */
const SWEEP_ROWS = 4096;
const SWEEP_SECONDS = 0.1;
const DISK_WORDS: Readonly<Record<DiskState, string>> = {
  open: "leases are given again",
  full: "no new leases are given, what is promised is repeated; make room",
  stuck: "no leases are given and none is extended; make room",
};

const NOBODY: LeaseListeners = { areThere: false, tell: () => true };

export class Dhcp6Service {
  readonly server: RecordedDhcp6Server;
  readonly wall: WallSeconds;
  readonly reconfigures: ReconfigureDesk;
  readonly #ports: Dhcp6Ports;
  readonly #out = new ReplyBatch(REPLY_SHAPE);
  readonly #lists: LeaseLists;
  readonly events: LeaseEvents;
  readonly hostNames: HostNames;
  readonly #sweeping: Alarm;
  /** Links by the numbers that leases have. */
  #names: ReadonlyMap<number, string> = new Map();
  #disk: DiskState = "open";

  constructor(ports: Dhcp6Ports, { table, offers, key, life = 0 }: LanMemory) {
    this.#ports = ports;
    const { clock } = ports;
    this.server = new RecordedDhcp6Server({ table, offers, key, reconfigure: { key, life } }, clock);
    this.reconfigures = new ReconfigureDesk(this.server, clock);
    this.server.leasesLoaded();
    this.wall = new WallSeconds(clock, newestSeconds(table));
    this.#lists = new LeaseLists(table);
    const { listeners = NOBODY, disk } = ports.dhcp6;
    this.events = new LeaseEvents({ clock, listeners, disk, nameOf: (link) => this.#nameOf(link) });
    const { hostNames: tell = () => undefined } = ports.dhcp6;
    this.hostNames = new HostNames({ table, clock, nowSeconds: () => this.wall.now(), tell });
    this.#sweeping = clock.alarm(() => this.#sweep());
    this.#sweeping.set(after(clock.now(), SWEEP_SECONDS));
  }

  get disk(): DiskState {
    return this.#disk;
  }

  configure(config: LanConfig): void {
    this.#names = new Map([...config.interfaces, ...config.relayedLinks].map(({ number, name }) => [number, name]));
    this.server.configure(config);
    this.hostNames.configure(config);
  }

  /** @returns datagrams that were left, because what they change could not be written down in time: clients ask again */
  serve(rows: ServedRows): number {
    this.#look();
    const at = { seconds: this.wall.now() };
    for (let next = 0; next < rows.count; ) {
      // Asked for each part: what is changed and then not written would be repeated to whoever asks again, as if it were durable.
      if (this.#ports.dhcp6.disk?.takesMore === false) return rows.count - next;
      this.#clear();
      next = this.server.serve(rows, at, this.#out, next);
      this.#finish();
    }
    return 0;
  }

  /** A page of the table: @param after the row it begins with */
  leases(filter: LeaseFilter, after: number): LeasePage {
    return this.#lists.page(filter, after, { nowSeconds: this.wall.now(), nameOf: (link) => this.#nameOf(link) });
  }

  /** Calls back once it is durable; with undefined at once when the disk does not keep up: nothing was changed then. */
  change(changes: LeaseChanges, done: (outcomes: readonly LeaseOutcome[] | undefined) => void): void {
    const { disk } = this.#ports.dhcp6;
    this.#look();
    if (this.#disk !== "open") return done([...changes.put, ...changes.remove].map(() => "disk-full"));
    if (disk?.takesMore === false) return done(undefined);
    this.#clear();
    const outcomes = this.server.change(changes, { seconds: this.wall.now() }, this.#out);
    this.#finish();
    if (disk === undefined) done(outcomes);
    else disk.settled(() => done(outcomes));
  }

  #sweep(): void {
    this.#look();
    this.#clear();
    this.server.sweep({ seconds: this.wall.now() }, SWEEP_ROWS, this.#out);
    this.#finish();
    this.reconfigures.look();
    this.#sweeping.set(after(this.#ports.clock.now(), SWEEP_SECONDS));
  }

  #clear(): void {
    this.#out.clear();
    this.#out.happened.isHeard = this.events.areHeard || this.hostNames.areWanted;
  }

  #nameOf(link: number): string {
    return this.#names.get(link) ?? "";
  }

  #finish(): void {
    const { dhcp6, routes, nameOf } = this.#ports;
    if (this.#out.count > 0 || this.#out.images > 0) dhcp6.replies(this.#out);
    if (this.#out.happened.count > 0) {
      this.hostNames.change();
      if (this.events.areHeard) this.events.take(this.#out.happened, this.wall.now());
    }
    if (this.#out.routes.count === 0) return;
    for (const { present, link, ...route } of routesOf(this.#out.routes)) {
      const name = nameOf(link);
      if (name !== undefined) routes[present ? "add" : "remove"]({ link, name, ...route });
    }
  }

  /** A disk without room is said loudly, and so is its end. */
  #look(): void {
    const state = this.#ports.dhcp6.disk?.look() ?? "open";
    if (state === this.#disk) return;
    this.#disk = state;
    this.server.diskIs(state);
    this.#ports.log.write(state === "open" ? "info" : "error", state === "open" ? "diskHasRoom" : "diskFull", { leases: DISK_WORDS[state] });
  }
}
