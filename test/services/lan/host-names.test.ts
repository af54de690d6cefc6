/** Names that clients say of themselves, by link: those that are names, of leases that hold, told once when they are others. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { DomainName } from "../../../src/base/domain.ts";
import { instant } from "../../../src/base/time.ts";
import type { HostNamesFile } from "../../../src/ports/leases.ts";
import { HostNames } from "../../../src/services/lan/host-names.ts";
import { SimClock, Timeline } from "../../../src/sim/clock.ts";
import { iaAddress, iaNa } from "../../../src/wire/dhcp6/leases.ts";
import { OPTIONS } from "../../../src/wire/dhcp6/options.ts";
import { servedOption } from "../../../src/services/lan/dhcp6-config.ts";
import { Bed, ip, net, POOLS, SERVER } from "./dhcp6-server/support.ts";

class Scene {
  readonly bed = new Bed();
  readonly timeline = new Timeline();
  readonly told: HostNamesFile[] = [];
  readonly names: HostNames;

  constructor() {
    const clock = new SimClock(this.timeline, 1);
    this.names = new HostNames({ table: this.bed.table, clock, nowSeconds: () => this.bed.now, tell: (file) => this.told.push(file) });
    const options = [servedOption(OPTIONS.domainSearch, ["home.example" as DomainName, "other.example" as DomainName])];
    this.names.configure({
      duid: SERVER,
      interfaces: [{ name: "lan0", number: 100, router: undefined, dhcp6: { mode: "server", pools: { ...POOLS, options } } }],
      relayedLinks: [{ number: 200, name: "far", prefix: net("2001:db8:2::/64"), selectors: [], pools: POOLS }],
      classes: [],
      hosts: [],
    });
  }

  wait(): void {
    this.timeline.runUntil(instant(this.timeline.now + 5000));
  }

  asks(n: number, name: string, address: string): void {
    const clientFqdn = { serverUpdates: false, overridden: false, noUpdates: true, name, complete: false };
    this.bed.ask(n, "request", { iaNa: [iaNa({ iaid: 1, iaAddress: [iaAddress(ip(address))] })], clientFqdn });
    this.names.change();
  }

  /** What was told of a link last. */
  last(link = "lan0"): readonly string[] {
    const file = this.told.findLast(({ name }) => name === link);
    return (file?.names ?? []).map(({ address, hostName }) => `${address} ${hostName}`);
  }
}

test("nothing is looked for while nobody keeps files; then all that is there is told, with the first domain of the link", () => {
  const scene = new Scene();
  scene.asks(1, "printer", "2001:db8:1::8000:1");
  scene.wait();
  assert.equal(scene.told.length, 0);
  scene.names.areWanted = true;
  scene.wait();
  assert.deepEqual(scene.last(), ["2001:db8:1::8000:1 printer"]);
  assert.deepEqual(
    scene.told.map(({ name, domain }) => [name, domain]),
    [
      ["lan0", "home.example"],
      ["far", undefined],
    ],
  );
  scene.told.length = 0;
  scene.names.change();
  scene.wait();
  assert.equal(scene.told.length, 0, "the same again is not told");
});

test("of a longer name the first label; what is no name of a host, and who says none, is left out", () => {
  const scene = new Scene();
  scene.names.areWanted = true;
  scene.asks(1, "printer.elsewhere.example", "2001:db8:1::8000:1");
  scene.asks(2, "with_underscore", "2001:db8:1::8000:2");
  scene.bed.ask(3, "request", { iaNa: [iaNa({ iaid: 1 })] });
  scene.wait();
  assert.deepEqual(scene.last(), ["2001:db8:1::8000:1 printer"]);
});

test("a lease that ended, by time or by its client, takes its name along; many changes are one file", () => {
  const scene = new Scene();
  scene.names.areWanted = true;
  for (let n = 1; n <= 20; n++) scene.asks(n, `host${n}`, `2001:db8:1::8000:${n.toString(16)}`);
  scene.wait();
  assert.deepEqual([scene.told.filter(({ name }) => name === "lan0").length, scene.last().length], [1, 20]);
  scene.bed.ask(1, "release", { iaNa: [iaNa({ iaid: 1, iaAddress: [iaAddress(ip("2001:db8:1::8000:1"))] })] });
  scene.names.change();
  scene.wait();
  assert.equal(scene.last().length, 19);
  scene.bed.now += 3700;
  scene.names.change();
  scene.wait();
  assert.deepEqual(scene.last(), []);
});
