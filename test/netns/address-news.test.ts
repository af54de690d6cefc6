/** What a real kernel tells of addresses and routes, as the router of a link understands it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { EventSocket } from "../../src/platform/netlink/event-socket.ts";
import { openMonitor } from "../../src/platform/netlink/monitor.ts";
import { AddressNewsReader } from "../../src/services/address-news.ts";
import type { RouterConfig } from "../../src/services/lan/config.ts";
import { LanRouter } from "../../src/services/lan/router/router.ts";
import { LinkNewsReader } from "../../src/services/link-news.ts";
import { SimClock, Timeline } from "../../src/sim/clock.ts";
import { GROUP } from "../../src/wire/netlink/numbers.ts";
import { dumpAddresses, dumpLinks, dumpRoutes } from "../../src/wire/netlink/requests.ts";
import { type Namespace, needsRoot, waitFor, withNamespaces } from "../support/namespace.ts";

const CONFIG: RouterConfig = {
  managed: false,
  otherConfig: false,
  autonomous: true,
  lifetimeSeconds: undefined,
  minIntervalSeconds: 200,
  maxIntervalSeconds: 600,
  maxPreferredSeconds: 2700,
  maxValidSeconds: 5400,
  dnsServers: [],
  searchDomains: [],
};

/** A router of lan0 that hears the namespace's kernel. */
function listening(ns: Namespace) {
  const links = new LinkNewsReader();
  const addresses = new AddressNewsReader();
  const nothing = (): void => undefined;
  const router = new LanRouter({
    clock: new SimClock(new Timeline(), 1),
    datagrams: { send: nothing },
    sockets: { open: nothing, close: nothing },
    log: { write: nothing },
  });
  router.configure([{ name: "lan0", number: 1, router: CONFIG, dhcp6: { mode: "off" } }]);
  const fd = ns.inside(() => openMonitor([GROUP.link, GROUP.ipv6Address, GROUP.ipv6Route]));
  const socket = new EventSocket(fd, {
    onDatagram: (datagram) => {
      links.read(datagram, router);
      addresses.read(datagram, router);
    },
    onOverrun: () => assert.fail("an overrun"),
  });
  const list = (): void => {
    for (const request of [dumpLinks(), dumpAddresses("ipv6"), dumpRoutes("ipv6")]) socket.list(request);
  };
  const known = () => {
    const { link, state } = router.router("lan0") ?? assert.fail();
    return {
      running: link?.running ?? false,
      mtuBytes: link?.mtuBytes,
      linkLocal: state.linkLocal !== undefined,
      addresses: state.addresses.map(({ address, prefixLength }) => `${address}/${prefixLength}`).sort(),
      deprecated: state.addresses.filter(({ deprecated }) => deprecated).map(({ address }) => address as string),
      defaultRoute: state.hasDefaultRoute,
      delegated: [...state.delegated] as readonly string[],
    };
  };
  /** Waits until what is known of lan0 agrees with `wanted`. */
  const knows = (wanted: Partial<ReturnType<typeof known>>): Promise<unknown> =>
    waitFor(
      (see) => {
        const now = known();
        see(now);
        return Object.entries(wanted).every(([key, value]) => JSON.stringify(now[key as keyof typeof now]) === JSON.stringify(value));
      },
      5000,
      JSON.stringify(wanted),
    );
  return { router, socket, list, knows, ignored: () => links.ignored.total() + addresses.ignored.total() };
}

async function houses(here: Namespace, there: Namespace): Promise<void> {
  await here.sysctl("net.ipv6.conf.default.accept_dad", 0);
  await here.veth("lan0", there, "host0");
  await here.veth("wan0", there, "isp0");
}

test("addresses, default routes and refusals are known from a list and kept up by events", needsRoot, () =>
  withNamespaces(["here", "there"], async ({ here, there }) => {
    await houses(here, there);
    await here.ip("addr", "add", "2001:db8:1::1/64", "dev", "lan0", "nodad");
    await here.ip("-6", "route", "add", "default", "via", "fe80::99", "dev", "wan0");
    await here.ip("-6", "route", "add", "unreachable", "2001:db8::/40");
    const heard = listening(here);
    heard.list();
    await heard.knows({
      running: true,
      mtuBytes: 1500,
      linkLocal: true,
      addresses: ["2001:db8:1::1/64"],
      defaultRoute: true,
      delegated: ["2001:db8::/40"],
    });

    await here.ip("addr", "add", "fd00:1::1/64", "dev", "lan0", "nodad", "preferred_lft", "100", "valid_lft", "200");
    await heard.knows({ addresses: ["2001:db8:1::1/64", "fd00:1::1/64"] });
    await here.ip("addr", "change", "fd00:1::1/64", "dev", "lan0", "preferred_lft", "0", "valid_lft", "200");
    await heard.knows({ deprecated: ["fd00:1::1"] });
    await here.ip("addr", "del", "2001:db8:1::1/64", "dev", "lan0");
    await heard.knows({ addresses: ["fd00:1::1/64"] });
    await here.ip("-6", "route", "del", "unreachable", "2001:db8::/40");
    await heard.knows({ delegated: [] });

    await here.ip("-6", "route", "replace", "default", "dev", "lan0");
    await heard.knows({ defaultRoute: false });
    await here.ip("-6", "route", "replace", "default", "nexthop", "via", "fe80::99", "dev", "wan0", "nexthop", "via", "fe80::98", "dev", "wan0");
    await heard.knows({ defaultRoute: true });
    await here.ip("-6", "route", "del", "default", "via", "fe80::99", "dev", "wan0");
    await here.ip("-6", "route", "add", "default", "via", "fe80::97", "dev", "lan0", "metric", "7");
    await heard.knows({ defaultRoute: true });
    await here.ip("-6", "route", "del", "default", "via", "fe80::98", "dev", "wan0");
    await heard.knows({ defaultRoute: false });
    await here.ip("-6", "route", "add", "default", "via", "fe80::99", "dev", "wan0");
    await heard.knows({ defaultRoute: true });
    await here.ip("link", "set", "wan0", "down");
    await heard.knows({ defaultRoute: false });
    assert.equal(heard.ignored(), 0);
    heard.socket.close();
  }),
);

test("what went unheard is gone after the next lists, even when they are empty", needsRoot, () =>
  withNamespaces(["here", "there"], async ({ here, there }) => {
    await houses(here, there);
    await here.ip("addr", "add", "2001:db8:1::1/64", "dev", "lan0", "nodad");
    const heard = listening(here);
    heard.list();
    await heard.knows({ linkLocal: true, addresses: ["2001:db8:1::1/64"] });
    const flags = { tentative: false, dadFailed: false, deprecated: false, temporary: false, preferredSeconds: 1000, validSeconds: 1000 };
    const link = heard.router.router("lan0")?.link?.index ?? assert.fail();
    heard.router.addressIs({ link, address: "2001:db8:2::1" as Parameters<typeof heard.router.addressIs>[0]["address"], prefixLength: 64, ...flags });
    await heard.knows({ addresses: ["2001:db8:1::1/64", "2001:db8:2::1/64"] });
    heard.list();
    await heard.knows({ addresses: ["2001:db8:1::1/64"], running: true });
    await here.sysctl("net.ipv6.conf.all.disable_ipv6", 1);
    heard.router.addressIs({ link, address: "2001:db8:2::1" as Parameters<typeof heard.router.addressIs>[0]["address"], prefixLength: 64, ...flags });
    heard.list();
    heard.list();
    await heard.knows({ addresses: [], linkLocal: false, running: true });
    heard.socket.close();
  }),
);
