/** `dhcpleased`: the DHCPv4 client alone, with its own configuration file. */
import { printDhcpleased } from "../config/native/print4.ts";
import { compatible } from "./compatible/daemon.ts";

await compatible({
  name: "dhcpleased",
  format: "dhcpleased",
  file: "/etc/dhcpleased.conf",
  absent: "empty",
  socket: "/run/dhcpleased/control.sock",
  printed: (file) => printDhcpleased(file),
});
