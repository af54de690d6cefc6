/** The options that main takes, for the help of commands and their defaults: one table for both. */
export { RUN_OPTIONS } from "../roles/main/options.ts";
