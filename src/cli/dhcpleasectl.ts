/** `dhcpleasectl`: the lease of one interface by DHCPv4. */
import { control } from "./compatible/control.ts";
import { UPLINK4 } from "./compatible/report4.ts";

await control({
  name: "dhcpleasectl",
  socket: "/run/dhcpleased/control.sock",
  purpose:
    "Asks for the lease of an interface to be confirmed, waits for it, and shows it. An interface that is not served yet is from now on (root).",
  family: UPLINK4,
});
