/** What was found, and what to do about it. */

/** error: it does not work so. warning: it may not, or not always. note: good to know. */
export const SEVERITIES = ["error", "warning", "note"] as const;
export type Finding = {
  readonly severity: (typeof SEVERITIES)[number];
  /** For programs: what kind it is. */
  readonly code: string;
  /** The interface, or "host". */
  readonly about: string;
  readonly text: string;
  /** A command, or what else to change. */
  readonly todo?: string;
};

/** What the configuration wants of the host. */
export type Subject = {
  readonly uplinks4: readonly string[];
  readonly uplinks6: readonly string[];
  /** Interfaces behind us that are served. */
  readonly lan: readonly string[];
  /** Interfaces behind us that get a part of what an uplink is delegated. */
  readonly delegated: readonly string[];
  readonly resolver: "auto" | "resolvectl" | "resolvconf" | "file" | "none";
  readonly runtimeDir: string;
};
