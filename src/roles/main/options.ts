/** What `leasehold run` may be told on its command line: one table for main, which must stay small, and for the help. */
export const RUN_OPTIONS = {
  file: { type: "string", short: "f", value: "FILE", help: "the configuration", default: "/etc/leasehold/leasehold.toml" },
  "runtime-dir": { type: "string", value: "DIR", help: "control socket and lock", default: "/run/leasehold" },
  "state-dir": { type: "string", value: "DIR", help: "leases and other state that must survive", default: "/var/lib/leasehold" },
  "log-level": { type: "string", value: "LEVEL", help: "error, warn, info or debug", default: "info" },
} as const;

export type RunOptions = { readonly [K in keyof typeof RUN_OPTIONS]: string };
