/** Log records of all roles, one JSON line each on standard error (journald keeps it), or plain lines on a terminal. */
import { writeSync } from "node:fs";
import pino from "pino";
import { escapeText } from "../../base/text.ts";
import type { Log, LogFields, LogLevel } from "../../ports/log.ts";

export type RoleLog = { readonly of: (role: string) => Log; readonly setLevel: (level: LogLevel) => void; readonly level: () => string };

/** Text from the network is escaped here, once, whoever wrote the record. */
export function openLog(level: string): RoleLog {
  const logger = pino(
    { level, base: null, timestamp: pino.stdTimeFunctions.isoTime, formatters: { level: (label) => ({ level: label }) } },
    { write: toStandardError },
  );
  return {
    of: (role) => ({ write: (severity, event, fields) => logger[severity]({ role, event: escapeText(event), ...escaped(fields) }) }),
    setLevel: (next) => {
      logger.level = next;
    },
    level: () => logger.level,
  };
}

/** A reader that does not keep up, or is gone, costs log lines and nothing else. */
function toStandardError(line: string): void {
  try {
    writeSync(2, line);
  } catch {
    // EAGAIN or EPIPE
  }
}

function escaped(fields: LogFields): LogFields {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [escapeText(name), typeof value === "string" ? escapeText(value) : value]));
}
