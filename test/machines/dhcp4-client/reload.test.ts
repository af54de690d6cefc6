/** A reload by value: what each key does to a client that is bound. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Ipv4Address } from "../../../src/base/ipv4.ts";
import type { ClientConfig } from "../../../src/machines/dhcp4-client/config.ts";
import type { ClientId } from "../../../src/wire/dhcp4/vendor.ts";
import { ADDRESS, client, type MAC, SERVER, type Timeline } from "../../support/uplink.ts";

const OTHER = "192.0.2.2" as Ipv4Address;
const MOVED = "192.0.2.11" as Ipv4Address;
const OTHER_MAC = "02:00:00:00:00:02" as typeof MAC;

type Outcome = "no traffic" | "asks in place" | "looks for another" | "by hand";
/** Every key of the configuration: nobody adds one without saying what a reload of it does. */
const MATRIX: { readonly [K in keyof ClientConfig]-?: readonly (readonly [ClientConfig[K], Outcome])[] } = {
  hostName: [["edge", "asks in place"]],
  fqdn: [[{ name: "edge.example.net", update: "server" }, "asks in place"]],
  clientId: [
    ["00cafe" as ClientId, "looks for another"],
    ["01020000000001" as ClientId, "asks in place"], // the same identity in other words
  ],
  sendOptions: [[[{ code: 60, hex: "6c6162" }], "asks in place"]],
  requestOptions: [[[43], "asks in place"]],
  omitOptions: [[[42], "asks in place"]],
  retransmitSeconds: [[1, "no traffic"]],
  startDelaySeconds: [[9, "no traffic"]],
  selectSeconds: [[3, "no traffic"]],
  conflictDetection: [
    ["rfc", "no traffic"],
    ["fast", "no traffic"],
  ],
  rapidCommit: [[true, "asks in place"]],
  preferIpv6: [
    ["yes", "asks in place"],
    ["when-connected", "asks in place"],
  ],
  fallbackLinkLocal: [[true, "no traffic"]],
  broadcast: [[true, "asks in place"]],
  dscp: [[46, "no traffic"]],
  anonymous: [[true, "looks for another"]],
  releaseOnStop: [[true, "no traffic"]],
  inform: [[{ address: "192.0.2.5" as Ipv4Address, prefixLength: 24 }, "by hand"]],
  allowServers: [
    [[SERVER], "asks in place"],
    [[OTHER], "looks for another"],
  ],
  denyServers: [
    [[OTHER], "asks in place"],
    [[SERVER], "looks for another"],
  ],
};

function bound(config: Partial<ClientConfig> = {}): Timeline {
  return client(config).at(0).linkUp().sends("discover").offer().sends("request").ack().becomes("bound").does("configure", "persist").at(100);
}

for (const [key, cases] of Object.entries(MATRIX)) {
  for (const [value, outcome] of cases) {
    test(`B8: a reload of ${key} to ${JSON.stringify(value)}: ${outcome}`, () => {
      const wan = bound().configured({ [key]: value });
      if (outcome === "no traffic") wan.silent().becomes("bound").holds(ADDRESS).does("configure");
      if (outcome === "asks in place") {
        wan
          .becomes(key === "anonymous" ? "selecting" : "rebooting")
          .holds(ADDRESS)
          .does("configure");
        wan
          .sends("request", { to: "broadcast", options: { requestedAddress: ADDRESS } })
          .ack()
          .becomes("bound")
          .holds(ADDRESS);
      }
      if (outcome === "looks for another") wan.becomes("selecting").holds(ADDRESS).does("configure").sends("discover");
      if (outcome === "by hand") wan.becomes("informing").holds(undefined).does("deconfigure").sends("inform");
    });
  }
}

test("B8: a reload that changes nothing asks nobody and applies what is held, in every phase", () => {
  bound().configured({}).silent().becomes("bound").does("configure");
  bound().runsTo(1900).drained().configured({}).silent().becomes("renewing");
  client().at(0).linkUp().sends("discover").configured({}).silent().becomes("selecting").does();
  client({ sendOptions: [{ code: 60, hex: "61" }] })
    .at(0)
    .linkUp()
    .sends("discover")
    .configured({ sendOptions: [{ code: 60, hex: "61" }] })
    .silent();
});

test("under another identity the address is kept until another one is there, and the old one goes with it", () => {
  const clientId = "00cafe" as ClientId;
  const wan = bound().configured({ clientId }).sends("discover", { options: { clientId } }).does("configure").holds(ADDRESS);
  wan
    .offer({ yiaddr: MOVED })
    .sends("request", { options: { clientId, requestedAddress: MOVED } })
    .holds(ADDRESS)
    .ack({ yiaddr: MOVED })
    .holds(MOVED);
  const configured = wan.effects.find(({ kind }) => kind === "configure");
  assert.ok(configured?.kind === "configure" && configured.previous?.address === ADDRESS);
  bound().configured({ clientId }).runsTo(3601).drained().holds(undefined).becomes("selecting");
});

test("a denied server's lease is kept until another server gives one, and no longer than it lasts", () => {
  const wan = bound()
    .configured({ denyServers: [SERVER] })
    .sends("discover")
    .offer()
    .holds(ADDRESS);
  wan
    .offer({ yiaddr: MOVED, options: { serverId: OTHER }, source: OTHER })
    .sends("request")
    .ack({ yiaddr: MOVED, options: { serverId: OTHER }, source: OTHER });
  wan.becomes("bound").holds(MOVED);
});

test("a server that is silent when it is asked in place costs nothing: the address stays while we look on", () => {
  const wan = bound().configured({ hostName: "edge" }).sends("request").at(104).sends("request").does("configure").at(112).sends("discover");
  wan.becomes("selecting").holds(ADDRESS).does("configure");
});

test("a name that the system takes is said with the next message, and is no reason for one", () => {
  const wan = bound({ hostName: "old" }).happens({ kind: "named", hostName: "new" }).silent().becomes("bound").does();
  wan.at(1800).sends("request").ack();
  assert.equal(wan.said.message.options.hostName, "new");
});

test("a reload while the link is down, or in a pause, changes what is said later and nothing now", () => {
  bound().linkDown().configured({ hostName: "new" }).silent().becomes("down").holds(ADDRESS).linkUp().sends("request");
  const wan = client().at(0).linkUp().drained().offer().drained().nak().drained().offer().drained().nak().configured({ hostName: "new" });
  wan.becomes("backing-off").silent().at(1).sends("discover");
  assert.equal(wan.said.message.options.hostName, "new");
});

test("times that change while a server is looked for count from the next message on", () => {
  client().at(0).linkUp().sends("discover").configured({ retransmitSeconds: 1 }).silent().at(4).sends("discover").at(6).sends("discover");
});

test("B11: another hardware address keeps the lease while another one is asked for, up or down", () => {
  const up = bound()
    .linkUp(OTHER_MAC)
    .sends("discover", { options: { clientId: "01020000000002" as ClientId } })
    .becomes("selecting");
  up.holds(ADDRESS).does();
  const down = bound().linkDown().linkDown(OTHER_MAC).becomes("down").holds(ADDRESS).does().linkUp(OTHER_MAC).sends("discover");
  down.holds(ADDRESS).does().offer({ yiaddr: MOVED }).sends("request").ack({ yiaddr: MOVED }).holds(MOVED);
});

test("B11: a hardware address that changes and changes back while the link is down is the same client", () => {
  bound()
    .linkDown()
    .linkDown(OTHER_MAC)
    .linkDown()
    .linkUp()
    .sends("request", { options: { requestedAddress: ADDRESS } })
    .becomes("rebooting");
});

test("B11: under a configured client identifier another hardware address is the same client", () => {
  const clientId = "00cafe" as ClientId;
  const wan = bound({ clientId }).linkUp(OTHER_MAC);
  wan
    .sends("request", { options: { clientId, requestedAddress: ADDRESS } })
    .becomes("rebooting")
    .holds(ADDRESS)
    .does();
});
