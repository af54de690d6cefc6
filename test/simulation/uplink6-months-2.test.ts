import { MONTHS, months } from "./months.ts";

months(MONTHS / 2 + 1, MONTHS);
