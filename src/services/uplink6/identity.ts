/** Who we are on one uplink, and what its conversation is told of the operator's wishes. */
import { addressWish, type ClientConfig } from "../../machines/dhcp6-client/config.ts";
import type { Uplink6Config, Uplink6Interface } from "./config.ts";
import { wishOf } from "./plan.ts";

/** One interface of the configuration, and who we are on it. */
export type Uplink6Identity = Pick<Uplink6Config, "duid"> & { readonly interface: Uplink6Interface };

/** The part of an entry that is the conversation's. */
export function clientConfigOf({ duid, interface: wanted }: Uplink6Identity): ClientConfig {
  const { pace, start, rapidCommit, addressIaid, requestOptions, omitOptions, sendOptions } = wanted;
  const { acceptReconfigure, registerAddresses, releaseOnStop } = wanted;
  return {
    ...{ duid, pace, start, rapidCommit, requestOptions, omitOptions, sendOptions, acceptReconfigure, registerAddresses, releaseOnStop },
    wishes: [...wanted.delegations.map(wishOf), ...(addressIaid === undefined ? [] : [addressWish(addressIaid)])],
  };
}
