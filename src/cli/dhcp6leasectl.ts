/** `dhcp6leasectl`: the prefixes of one interface by DHCPv6. */
import { control } from "./compatible/control.ts";
import { UPLINK6 } from "./compatible/report6.ts";

await control({
  name: "dhcp6leasectl",
  socket: "/run/dhcp6leased/control.sock",
  purpose: "Asks for the prefixes of an interface to be confirmed, waits for them, and shows them.",
  family: UPLINK6,
});
