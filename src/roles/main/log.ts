/** Log records of all roles, one JSON line each on standard error, where journald keeps them (docs/decisions/own-log-lines.md). */
import { writeSync } from "node:fs";
import { escapeText } from "../../base/text.ts";
import { LOG_LEVELS, type Log, type LogFields, type LogLevel } from "../../ports/log.ts";

export type RoleLog = { readonly of: (role: string) => Log; readonly setLevel: (level: LogLevel) => void; readonly level: () => LogLevel };

/** Text from the network is escaped here, once, whoever wrote the record. */
export function openLog(initial: LogLevel): RoleLog {
  let level = initial;
  return {
    of: (role) => ({
      write: (severity, event, fields) => {
        if (LOG_LEVELS.indexOf(severity) > LOG_LEVELS.indexOf(level)) return;
        toStandardError(
          `${JSON.stringify(recordOf({ level: severity, time: new Date().toISOString(), role, event: escapeText(event) }, escaped(fields)))}\n`,
        );
      },
    }),
    setLevel: (next) => {
      level = next;
    },
    level: () => level,
  };
}

/** A field that bears the name of what main says itself is left out: no role speaks as another. */
function recordOf(head: LogFields, fields: LogFields): LogFields {
  return { ...head, ...Object.fromEntries(Object.entries(fields).filter(([name]) => !Object.hasOwn(head, name))) };
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
