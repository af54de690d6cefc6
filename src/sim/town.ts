/** All services in one world, on one clock: a street of gateways, and a directory on the first of them. One power failure takes all. */
import { OFFICE_CHECKERS } from "./directory/checkers.ts";
import { Office } from "./directory/world.ts";
import { CHECKERS6 } from "./house/checkers.ts";
import { IPV4_CHECKERS } from "./house/ipv4.ts";
import { type Checker6, type Report6, Street } from "./house/world.ts";

export type Town = { readonly street: Street; readonly office: Office; run(): Report6 };

export function townOf(seed: number, minutes = 40): Town {
  const street = new Street({ seed, minutes });
  const office = new Office({ seed, minutes, timeline: street.timeline });
  const [first] = street.houses;
  if (first !== undefined) {
    const { gateway } = first;
    const cut = gateway.powerCut.bind(gateway);
    gateway.powerCut = () => {
      cut();
      office.killEngine();
      office.killFetcher();
    };
  }
  const ofOffice = OFFICE_CHECKERS.map(
    ({ name, always, settled }): Checker6 => ({
      name,
      ...(always === undefined ? {} : { always: () => always(office) }),
      ...(settled === undefined ? {} : { settled: () => settled(office) }),
    }),
  );
  street.always(...CHECKERS6, ...IPV4_CHECKERS, ...ofOffice);
  return {
    street,
    office,
    run: () => {
      office.begin();
      return street.run();
    },
  };
}
