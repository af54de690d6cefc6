import { MONTHS, months } from "./months.ts";

months(1, MONTHS / 2);
