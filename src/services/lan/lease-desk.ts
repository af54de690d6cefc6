/** Leases of the DHCPv6 server for people: asked about one by one, beside the packet path. */
import type { LeaseFilter, LeasePage } from "../../ports/leases.ts";
import type { LeaseTable } from "../leases/table.ts";
import type { LanConfig } from "./config.ts";
import { LeaseLists } from "./lease-lists.ts";
import type { WallSeconds } from "./wall-seconds.ts";

export class LeaseDesk {
  readonly #lists: LeaseLists;
  readonly #wall: WallSeconds;
  #names: ReadonlyMap<number, string> = new Map();

  constructor({ table, wall }: { readonly table: LeaseTable; readonly wall: WallSeconds }) {
    this.#lists = new LeaseLists(table);
    this.#wall = wall;
  }

  configure({ interfaces, relayedLinks }: LanConfig): void {
    this.#names = new Map([...interfaces, ...relayedLinks].map(({ number, name }) => [number, name]));
  }

  page(filter: LeaseFilter, after: number): LeasePage {
    return this.#lists.page(filter, after, { nowSeconds: this.#wall.now(), nameOf: (link) => this.#names.get(link) ?? "" });
  }
}
