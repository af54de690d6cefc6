/** What the operator says about `uplink4`. Types only; parsed by `config`, carried to the engine as a frame. */
import type { ClientConfig } from "../../machines/dhcp4-client/state.ts";

export type Uplink4Interface = ClientConfig & {
  /** The interface's name in the kernel. */
  readonly name: string;
};
export type Uplink4Config = { readonly interfaces: readonly Uplink4Interface[] };
