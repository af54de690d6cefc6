/** An engine that was taken over: behind its real fence it asks main for everything it must not have. Bundled in the engine's place by the test. */
import "../../../src/roles/first.ts";
import type { Ipv4Address, Ipv4Prefix } from "../../../src/base/ipv4.ts";
import type { Connection } from "../../../src/roles/connection.ts";
import { startRole } from "../../../src/roles/role.ts";

/** The test puts these links there: wan0 is configured, lan0 is not. */
const WAN = 10;
const LAN = 20;
const ip = (text: string): Ipv4Address => text as Ipv4Address;
const net = (text: string): Ipv4Prefix => text as Ipv4Prefix;
const record = (text: string): Uint8Array => new TextEncoder().encode(text);
const uplink = {
  link: WAN,
  name: "wan0",
  address: ip("192.0.2.10"),
  prefixLength: 24,
  validSeconds: 60,
  routes: [{ destination: net("0.0.0.0/0"), gateway: ip("192.0.2.1") }],
};

let main: () => Connection;
startRole({
  role: "engine-uplink4",
  profile: "engine",
  prepare: (channel) => {
    main = channel;
    return (message) => {
      if (message.kind === "uplink4Config") forge(main(), message.generation);
    };
  },
});

function forge(to: Connection, generation: number): void {
  const now = { generation };
  for (const link of [LAN, 1, 4711]) to.send("openPacketSocket", { link, name: "wan0" }, now);
  for (const name of ["lan0", "lo", "none0"]) to.send("openPacketSocket", { link: LAN, name }, now);
  to.send("openPacketSocket", { link: WAN, name: "wan0" }, { generation: generation + 1 });
  to.send("closePacketSocket", { link: LAN, name: "lan0" }, now);
  to.send("configureUplink", { ...uplink, name: "lan0", link: LAN }, now);
  to.send("configureUplink", { ...uplink, link: LAN }, now);
  to.send("configureUplink", { ...uplink, address: ip("127.0.0.1") }, now);
  to.send("configureUplink", { ...uplink, prefixLength: 0 }, now);
  to.send("configureUplink", { ...uplink, validSeconds: 0 }, now);
  to.send("configureUplink", { ...uplink, routes: [{ destination: net("0.0.0.0/0"), gateway: ip("224.0.0.1") }] }, now);
  to.send("configureUplink", uplink, { generation: generation - 1 });
  to.send("deconfigureUplink", { link: LAN, name: "lan0" }, now);
  to.send("saveLease", { name: "lan0", record: record('{"a":1}\n') }, now);
  to.send("saveLease", { name: "wan0", record: record("#!/bin/sh\nid\n") }, now);
  to.send("forgetLease", { name: "lan0" }, now);
  // messages of other roles
  to.send("command", { connection: 1, verb: "reload", argument: "" }, now);
  to.send("mainViewRequest", { request: 1 }, now);
  to.send("connectionClosed", { connection: 1 }, now);
  to.send("ready", { role: "engine-uplink4", lacking: [] }, now);
}
