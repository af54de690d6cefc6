/** A log line is a named event with fields; the sentence for operators stands in the table of events. */
export const LOG_LEVELS = ["error", "warn", "info", "debug"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];
export type LogFields = { readonly [name: string]: string | number };

export interface Log {
  write(level: LogLevel, event: string, fields: LogFields): void;
}
