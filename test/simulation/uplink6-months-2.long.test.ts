/** The rest of a thousand months, second half: beside the other one on a second core. */
import { test } from "node:test";
import { MONTHS, months, QUICK_MONTHS } from "./months.ts";

const HALF = (QUICK_MONTHS + MONTHS) / 2;
for (const [name, live] of months(HALF + 1, MONTHS)) test(name, live);
