/** `dhcp6leased`: the DHCPv6 client alone, with its own configuration file, which must be there. */
import { printDhcp6leased } from "../config/native/print6.ts";
import { compatible } from "./compatible/daemon.ts";

await compatible({
  name: "dhcp6leased",
  format: "dhcp6leased",
  file: "/etc/dhcp6leased.conf",
  absent: "error",
  socket: "/run/dhcp6leased/control.sock",
  printed: (file, verbosity) => printDhcp6leased(file, { places: verbosity > 1 }),
});
