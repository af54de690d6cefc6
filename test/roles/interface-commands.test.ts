/** What an operator asks for an interface: which service is told, and what the operator is. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { AttachedInterfaces } from "../../src/roles/main/attached.ts";
import { InterfaceCommands } from "../../src/roles/main/interface-commands.ts";
import type { Tools } from "../../src/roles/main/office.ts";
import type { Configuration } from "../../src/roles/messages/catalogue.ts";
import { Counters } from "../../src/services/counters.ts";
import { standardUplink } from "../../src/services/uplink4/config.ts";
import { uplink6 } from "../../src/services/uplink6/config.ts";
import { withScratch } from "../support/scratch.ts";

type Scene = { readonly commands: InterfaceCommands; readonly told: readonly string[]; readonly refused: Counters; readonly applied: () => number };
const CONFIGURATION = {
  host: { resolver: "none", manage: false, hostsFolder: undefined, hook: undefined },
  uplink4: { interfaces: [standardUplink("wan0"), standardUplink("usb*")] },
  uplink6: [uplink6("wan0", []), uplink6("wan6", [])],
  lan: undefined,
  directory: undefined,
} as const satisfies Configuration;
const LINKS: readonly string[] = ["wan0", "wan6", "usb0"];

function scene(tell: (scene: Scene) => void, running: readonly string[] = ["engine-uplink4", "engine-uplink6"]): Promise<void> {
  return withScratch(async (folder) => {
    const told: string[] = [];
    const refused = new Counters();
    let applied = 0;
    const to = (engine: string): unknown =>
      running.includes(engine)
        ? { send: (_kind: string, { name, verb }: { readonly name: string; readonly verb: string }) => told.push(`${engine} ${name} ${verb}`) > 0 }
        : undefined;
    const tools = {
      options: { file: "leasehold.toml" },
      network: {
        link: (name: string) => (LINKS.includes(name) ? { name, index: 3, up: true, loopback: false, mac: "02:00:00:00:00:01" } : undefined),
      },
      children: { to },
      generation: () => 7,
      refused,
    } as unknown as Tools;
    const apply = (): undefined => void applied++;
    const commands = new InterfaceCommands({ tools, attached: new AttachedInterfaces(folder), configuration: () => CONFIGURATION, apply });
    tell({ commands, told, refused, applied: () => applied });
  });
}

for (const verb of ["renew", "release", "reboot"] as const)
  test(`${verb} goes to the service that was named, or to all that serve the interface where none was`, () =>
    scene(({ commands, told }) => {
      assert.equal(commands.obey(verb, "wan0", "uplink4").result, "done");
      assert.equal(commands.obey(verb, "wan0", "uplink6").result, "done");
      assert.equal(commands.obey(verb, "wan6", "any").result, "done");
      assert.equal(commands.obey(verb, "usb0", "any").result, "done");
      assert.equal(commands.obey(verb, "wan0", "any").result, "done");
      assert.deepEqual(
        told,
        ["uplink4 wan0", "uplink6 wan0", "uplink6 wan6", "uplink4 usb0", "uplink4 wan0", "uplink6 wan0"].map((one) => `engine-${one} ${verb}`),
      );
    }));

test("an interface that the service does not serve, or that is not there, is told of and nobody is asked", () =>
  scene(({ commands, told }) => {
    assert.deepEqual(commands.obey("renew", "wan6", "uplink4"), {
      result: "absent",
      text: "uplink4 does not serve wan6; leasehold attach wan6 begins it",
    });
    assert.deepEqual(commands.obey("renew", "usb0", "uplink6"), {
      result: "absent",
      text: "uplink6 does not serve usb0: the configuration names its interfaces",
    });
    assert.match(commands.obey("renew", "lan0", "any").text, /^no service of uplinks serves lan0/);
    assert.deepEqual(commands.obey("renew", "usb9", "any"), { result: "absent", text: "there is no interface usb9" });
    assert.deepEqual(told, []);
  }));

test("an engine that is not there yet is named", () =>
  scene(
    ({ commands, told }) => {
      assert.deepEqual(commands.obey("renew", "wan0", "any"), {
        result: "failed",
        text: "uplink6 is starting, or restarting; try again in a moment",
      });
      assert.deepEqual(told, ["engine-uplink4 wan0 renew"]);
    },
    ["engine-uplink4"],
  ));

test("uplink6 has no interfaces that are attached", () =>
  scene(({ commands, applied }) => {
    for (const verb of ["attach", "detach"] as const) assert.equal(commands.obey(verb, "wan6", "uplink6").result, "failed");
    assert.equal(applied(), 0);
    assert.equal(commands.obey("attach", "wan6", "uplink4").result, "done");
    assert.equal(applied(), 1);
  }));

for (const name of ["../../etc/passwd", "", "a b", "0123456789abcdef", "."])
  test(`${JSON.stringify(name)} is no interface, and that is counted`, () =>
    scene(({ commands, told, refused }) => {
      assert.equal(commands.obey("renew", name, "any").result, "absent");
      assert.deepEqual([refused.toJSON(), told], [{ "command.argument": 1 }, []]);
    }));
