import assert from "node:assert/strict";
import { test } from "node:test";
import { client } from "../../support/uplink.ts";

test("B7: a NAK ends the lease at once; the first one asks anew without a pause (RFC 2131 §4.4.5)", () => {
  const wan = client().at(0).linkUp().sends("discover").offer().sends("request").ack().does("configure", "persist");
  wan.at(1800).sends("request").nak().sends("discover").becomes("selecting").holds(undefined).does("deconfigure", "forget");
});

test("B7: NAKs in a row wait 0, 1, 2, 4, 8, 16, 32, 60, 60 s", () => {
  const wan = client().at(0).linkUp();
  let at = 0;
  for (const pause of [0, 1, 2, 4, 8, 16, 32, 60, 60]) {
    wan.sends("discover").offer().sends("request").nak();
    wan.becomes(pause === 0 ? "selecting" : "backing-off");
    at += pause;
    wan.at(at);
  }
});

test("B7: 1000 cycles of OFFER and NAK stay under 20 messages a minute after the fifth", () => {
  const wan = client().at(0).linkUp();
  const times: number[] = [];
  for (let cycle = 1; cycle <= 1000; cycle++) {
    wan.drained().offer().nak().drained();
    if (cycle < 5) wan.sleepsUntil(wan.now / 1000 + 60);
    else {
      wan.at(nextDue(wan));
      times.push(wan.now, wan.now);
    }
  }
  for (const [i, time] of times.entries()) assert.ok(times.slice(i, i + 21).filter((other) => other - time < 60_000).length <= 20);
  assert.ok(times.length > 1900);
});

test("being bound ends the row of NAKs", () => {
  const wan = client()
    .at(0)
    .linkUp()
    .sends("discover")
    .offer()
    .sends("request")
    .nak()
    .sends("discover")
    .offer()
    .sends("request")
    .nak()
    .becomes("backing-off");
  wan.at(1).sends("discover").offer().sends("request").ack().at(1801).sends("request").nak().becomes("selecting").sends("discover");
});

test("an answer during the pause is ignored, link down ends the pause", () => {
  const wan = client().at(0).linkUp().drained();
  wan.offer().nak().drained().offer().nak().drained().becomes("backing-off").does("forget", "forget");
  wan.offer().ignores("unexpected-type").linkDown().becomes("down").nextAt("never");
});

function nextDue(wan: ReturnType<typeof client>): number {
  const { phase } = wan.state;
  return phase.kind === "backing-off" ? phase.until / 1000 : wan.now / 1000;
}
