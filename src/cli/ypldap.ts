/** `ypldap`: the directory alone, with its own configuration file. */
import { printYpldap } from "../config/native/print-ypldap.ts";
import { compatible } from "./compatible/daemon.ts";

await compatible({
  name: "ypldap",
  format: "ypldap",
  file: "/etc/ypldap.conf",
  absent: "error",
  defines: true,
  compat: true,
  socket: "/run/ypldap/control.sock",
  printed: ({ directory }) => (directory === undefined ? "" : printYpldap(directory)),
});
