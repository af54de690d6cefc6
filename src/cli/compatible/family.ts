/** What `dhcpleasectl` and `dhcp6leasectl` differ in: the service they ask, and what they make of its view. */

/** What both kinds of uplink tell of themselves. */
export type LinkView = { readonly interface: string; readonly running: boolean; readonly since: string };
export type Verb = "attach" | "reboot";
export type Family<V extends LinkView> = {
  readonly service: "uplink4" | "uplink6";
  /** What is asked for an interface in this state; undefined: nothing yet. */
  readonly verb: (view: V | undefined) => Verb | undefined;
  /** What was asked for is done. */
  readonly isBound: (view: V) => boolean;
  /** Something is held, whatever is being asked about it. */
  readonly holds: (view: V) => boolean;
  /** @param now milliseconds since 1970 */
  readonly report: (view: V, now: number) => string;
  /** One object: the report's facts, with times that a program can read. */
  readonly reportJson: (view: V) => object;
  /** What is said of an interface that nobody serves. */
  readonly unmanaged: (name: string) => string;
};
