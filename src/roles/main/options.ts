/** What `leasehold run` may be told on its command line: one table for main, which must stay small, and for the help. */
export const RUN_OPTIONS = {
  file: { type: "string", short: "f", value: "FILE", help: "the configuration", default: "/etc/leasehold/leasehold.toml" },
  format: {
    type: "string",
    value: "FORMAT",
    help: "what the configuration is written in: toml, dhcpleased, dhcp6leased, ypldap, or auto, by its name and content: *.conf is one of the latter three",
    default: "auto",
  },
  define: {
    type: "string",
    value: "MACROS",
    help: "macros of a native configuration that it cannot say otherwise, one a line: name=value",
    default: "",
  },
  compat: {
    type: "string",
    value: "WHAT",
    help: "what of ypldap.conf only the program it comes from would take: error or warning",
    default: "error",
  },
  absent: { type: "string", value: "WHAT", help: "what a configuration that is not there is: error or empty", default: "error" },
  "runtime-dir": { type: "string", value: "DIR", help: "control socket and lock", default: "/run/leasehold" },
  "control-socket": { type: "string", value: "PATH", help: "the control socket; auto is control.sock in runtime-dir", default: "auto" },
  "state-dir": { type: "string", value: "DIR", help: "leases and other state that must survive", default: "/var/lib/leasehold" },
  "log-level": { type: "string", value: "LEVEL", help: "error, warn, info or debug", default: "info" },
} as const;

export type RunOptions = { readonly [K in keyof typeof RUN_OPTIONS]: string };

export function controlSocketOf(options: Pick<RunOptions, "control-socket" | "runtime-dir">): string {
  return options["control-socket"] === "auto" ? `${options["runtime-dir"]}/control.sock` : options["control-socket"];
}
