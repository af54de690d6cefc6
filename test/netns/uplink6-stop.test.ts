import { test } from "node:test";
import { stopsAtEachMoment } from "../support/stop-moments.ts";
import { NEEDS_ROOT } from "../support/uplink-world.ts";

test(
  "B55: told to stop at each moment of its start, the program with uplink6 ends with 0 or by the signal and every role with it",
  {
    skip: NEEDS_ROOT,
    timeout: 180_000,
  },
  () => stopsAtEachMoment('[uplink6.c0]\ndelegate = [ { to = ["lan0"] } ]\nrelease_on_stop = true\n', "soliciting"),
);
