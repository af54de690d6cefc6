/** Servers that answer at once and never to any use: whatever they say, we send little (RFC 9915 §14.1). */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { ClientConfig } from "../../../src/machines/dhcp6-client/config.ts";
import { iaPd, iaPrefix, STATUS } from "../../../src/wire/dhcp6/leases.ts";
import { Life, type Server } from "./silence.ts";
import { ia, OTHER_SERVER, PREFIX } from "./timeline.ts";

const HOUR = 3600;
const status = (code: number) => ({ status: { code, message: "" } });
const refused = (code: number) => ({ iaPd: [iaPd({ iaid: 1, ...status(code) })] });
type Answer = NonNullable<ReturnType<Server>>;
const reply = (options: Answer["options"]): Answer => ({ kind: "reply", options });
const advertise = (options: Answer["options"]): Answer => ({ kind: "advertise", options });
const offer = advertise({ iaPd: [ia(1)], preference: 255 });
/** Offers what was wished for, and then says this to everything else. */
const offering =
  (answer: Answer | undefined): Server =>
  ({ kind }) =>
    kind === "solicit" ? offer : answer;

/** Messages of the first minute, and of each hour. */
function hourly(server: Server, config: Partial<ClientConfig>, hours: number): readonly number[] {
  const life = new Life(1, { pace: "fast", ...config }, server).happens({ kind: "link", up: true }).runsTo(hours * HOUR);
  return [life.count(0, 60), ...Array.from({ length: hours }, (_, hour) => life.count(hour * HOUR, (hour + 1) * HOUR))];
}

const USELESS: readonly (readonly [string, Server, Partial<ClientConfig>?])[] = [
  ["offers and then NoPrefixAvail inside the IA", offering(reply(refused(STATUS.noPrefixAvail)))],
  [
    "offers and then NoPrefixAvail inside the prefix",
    offering(reply({ iaPd: [iaPd({ iaid: 1, iaPrefix: [iaPrefix(PREFIX, status(STATUS.noPrefixAvail))] })] })),
  ],
  ["offers and then NoPrefixAvail for all", offering(reply(status(STATUS.noPrefixAvail)))],
  ["offers and then NotOnLink", offering(reply(status(STATUS.notOnLink)))],
  ["offers and then UnspecFail", offering(reply(status(STATUS.unspecFail)))],
  ["offers and then a prefix without lifetimes", offering(reply({ iaPd: [ia(1, PREFIX, { preferred: 0, valid: 0 })] }))],
  ["offers and then silence", offering(undefined)],
  ["offers and then answers of another server", offering(reply({ serverId: OTHER_SERVER, iaPd: [ia(1)] }))],
  ["Advertises of NoPrefixAvail", () => advertise(status(STATUS.noPrefixAvail))],
  ["Replies of NoPrefixAvail with rapid commit", () => reply({ rapidCommit: true, ...refused(STATUS.noPrefixAvail) }), { rapidCommit: true }],
  [
    "Replies with rapid commit and without lifetimes",
    () => reply({ rapidCommit: true, iaPd: [ia(1, PREFIX, { preferred: 0, valid: 0 })] }),
    { rapidCommit: true },
  ],
];

for (const [what, server, config] of USELESS) {
  test(`${what}: less than twenty messages in the first minute, and then ever fewer`, () => {
    const [minute = 0, first = 0, second = 0, ...later] = hourly(server, config ?? {}, 6);
    assert.ok(minute > 1 && minute < 20, `${minute} in the first minute`);
    assert.ok(first <= 150, `${first} in the first hour`);
    assert.ok(second <= 30 && Math.max(...later) <= 12, `${[second, ...later].join(", ")} in those behind it`);
  });
}

/** With what is granted for seconds, or taken back, the server sets the pace; the rest is up to the limit of messages. */
const HASTY: readonly (readonly [string, Server])[] = [
  ["leases of a second", offering(reply({ iaPd: [ia(1, PREFIX, { preferred: 1, valid: 1 })] }))],
  [
    "a T1 of five seconds, and NoBinding to whoever renews",
    ({ kind }) =>
      kind === "solicit"
        ? offer
        : reply(kind === "request" ? { iaPd: [ia(1, PREFIX, { renewSeconds: 5, rebindSeconds: 6 })] } : refused(STATUS.noBinding)),
  ],
  [
    "grants that are taken back at once",
    ({ kind }) =>
      kind === "solicit"
        ? offer
        : reply({ iaPd: [kind === "request" ? ia(1, PREFIX, { renewSeconds: 1, rebindSeconds: 1 }) : ia(1, PREFIX, { preferred: 0, valid: 0 })] }),
  ],
];

for (const [what, server] of HASTY) {
  test(`${what}: a burst of twenty, and one message a second at most`, () => {
    const [minute = 0, ...hours] = hourly(server, {}, 2);
    assert.ok(minute <= 80, `${minute} in the first minute`);
    assert.ok(
      hours.every((count, hour) => count > 100 && count <= HOUR + (hour === 0 ? 20 : 1)),
      hours.join(", "),
    );
  });
}

test("T1 of a second is taken as one of five: a server cannot make us renew faster (RFC 9915 §14.1)", () => {
  const life = new Life(1, { pace: "fast" }, offering(reply({ iaPd: [ia(1, PREFIX, { renewSeconds: 1, rebindSeconds: 1 })] })));
  assert.ok(life.happens({ kind: "link", up: true }).runsTo(HOUR).count(0, HOUR) <= HOUR / 5 + 3);
});
