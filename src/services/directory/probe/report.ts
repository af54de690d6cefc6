/** What a probe of one source has found out so far. */

/** In this order; some are left out where there is nothing to do. */
export const PROBE_STEPS = ["resolve", "connect", "starttls", "tls", "bind", "users", "groups"] as const;
export type ProbeStepName = (typeof PROBE_STEPS)[number];
export type ProbeStep = {
  readonly step: ProbeStepName;
  readonly ok: boolean;
  /** How long it took. */
  readonly ms: number;
  /** Who was reached, how many came, or what is wrong: fit for a terminal. */
  readonly detail: string;
};
export type ProbeReject = { readonly reason: string; readonly count: number; readonly samples: readonly string[] };
export type ProbeReport = {
  readonly done: boolean;
  /** Why it ended early; empty where the first pages came. */
  readonly reason: string;
  readonly steps: readonly ProbeStep[];
  readonly users: number;
  readonly groups: number;
  /** A few lines as they would be served. */
  readonly lines: readonly string[];
  readonly rejects: readonly ProbeReject[];
};

export const NOTHING_YET: ProbeReport = { done: false, reason: "", steps: [], users: 0, groups: 0, lines: [], rejects: [] };
