/** The keys that say how YP is served, and to whom. */
import type { ConfigOption } from "./options.ts";

export const DIRECTORY_YP_OPTIONS: Readonly<Record<string, ConfigOption>> = {
  "directory.yp": { takes: "true or false", standard: "true", help: "Serve YP (NIS version 2)." },
  "directory.yp_listen": {
    takes: 'a list of at most 16 addresses: ["127.0.0.1"]',
    standard: '["127.0.0.1"]',
    help: "Where YP is served. It knows no authentication: networks that may ask stand in yp_allow.",
  },
  "directory.yp_port": { takes: "a port; 0 takes the first free one from 600 to 1023", standard: "0", help: "Over UDP and TCP." },
  "directory.yp_register": {
    takes: '"builtin", "rpcbind" or "none"',
    standard: '"builtin"',
    help: "How clients find the port: our own portmapper on port 111, the machine's rpcbind, or not at all.",
  },
  "directory.yp_binding": {
    takes: "true or false",
    standard: "false",
    help: "Write /var/yp/binding/DOMAIN.2 while YP is served: by it programs find this server where no ypbind runs.",
  },
  "directory.yp_allow": { takes: 'a list of networks: ["192.0.2.0/24"]', standard: "empty", help: "Who may ask over YP, beside this machine." },
  "directory.yp_maps": {
    takes:
      'a list of maps: "passwd.byname", "passwd.byuid", "group.byname", "group.bygid", "netid.byname", "master.passwd.byname", "master.passwd.byuid", "shadow.byname", "ypservers"',
    standard: "the first five",
    help: "Which maps are there. master.passwd.* are for BSD. They and shadow.byname hold hashes, where user_fields.password names an attribute, and are given to ports below 1024 alone.",
  },
  "directory.yp_securenets": {
    takes: "the path of a securenets file",
    standard: "none",
    help: "Further networks that may ask, as ypserv reads them: a mask and a network a line, `host` and an address, or a network with its length.",
  },
  "directory.yp_rules": {
    takes: 'a list of tables: [ { networks = ["192.0.2.0/24"], maps = ["group.*"], security = "deny" } ]',
    standard: "none",
    help: "Who gets which map, of those who may ask; the first that fits decides. A map that is denied is not there.",
  },
  "directory.yp_rules.networks": { takes: 'a list of networks: ["2001:db8::/32"]', standard: "all", help: "Of whom, over IPv4 and IPv6 alike." },
  "directory.yp_rules.maps": { takes: 'a list of names: ["passwd.*"]', standard: "none; it is needed", help: "A star stands for any text." },
  "directory.yp_rules.security": {
    takes: '"none", "port" or "deny"',
    standard: "none; it is needed",
    help: 'Given, given to ports below 1024, or not there. master.passwd.* and shadow.byname leave this machine only by a rule with networks and "port".',
  },
};
