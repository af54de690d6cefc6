/** The first two hundred of a thousand months: those that every run of the tests lives. */
import { test } from "node:test";
import { months, QUICK_MONTHS } from "./months.ts";

for (const [name, live] of months(1, QUICK_MONTHS)) test(name, live);
