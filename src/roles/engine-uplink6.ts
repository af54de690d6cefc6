/** The engine of `uplink6`: parses and decides. No rights, no file, no socket but its channels. */
import "./first.ts";
