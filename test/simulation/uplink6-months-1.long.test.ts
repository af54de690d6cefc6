/** The rest of a thousand months, first half: beside the other one on a second core. */
import { test } from "node:test";
import { MONTHS, months, QUICK_MONTHS } from "./months.ts";

const HALF = (QUICK_MONTHS + MONTHS) / 2;
for (const [name, live] of months(QUICK_MONTHS + 1, HALF)) test(name, live);
