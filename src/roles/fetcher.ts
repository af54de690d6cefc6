/** The fetcher of `directory`: the one role that holds bind secrets. Asks resolvers and LDAP servers, maps entries, decides nothing else. */
import "./first.ts";
import { closeSync, readSync } from "node:fs";
import { decodeAll } from "../base/codec.ts";
import { startRole } from "./role.ts";
import { LIMITS } from "../base/limits.ts";
import { BootClock } from "../platform/clock.ts";
import { LocalStreams } from "../platform/local-streams.ts";
import { serviceNames } from "../platform/name-lookup.ts";
import { outwardStreams } from "../platform/tls-streams.ts";
import type { Clock } from "../ports/clock.ts";
import type { LogFields, LogLevel } from "../ports/log.ts";
import type { FetcherConfig } from "../services/directory/config.ts";
import type { TlsStreams } from "../ports/tls-streams.ts";
import { type Held, Puller } from "../services/directory/fetch/puller.ts";
import { Probe } from "../services/directory/probe/probe.ts";
import { Connection, type Incoming } from "./connection.ts";

import { joined } from "../services/directory/secrets.ts";
import { DIRECTORY, sourceSecrets } from "./messages/directory.ts";
import { collectNow } from "./idle-collection.ts";
import { speak } from "./messages/spoken.ts";

speak(DIRECTORY);

/** Messages that wait for the engine before servers wait for us. */
const WAITING_MAX = 8;
const READ_BYTES = 65_536;

let main: () => Connection;
let engine: Connection | undefined;
let puller: Puller;
let probe: Probe | undefined;
/** Made before the fence closes. */
let clock: Clock;
/** What the puller has. */
let config: FetcherConfig | undefined;
/** Of the configuration the puller has: sources are told apart by their place in it. */
let generation = 0;
/** Asked for under a configuration that has not come yet. */
let early: { readonly update: number; readonly withinSeconds: number; readonly held: readonly Held[]; readonly generation: number } | undefined;
const local = new LocalStreams((request, path) => main().send("connectLdapi", { request, path }));
const streams: TlsStreams = { connect: (target, handlers) => (target.port === 0 ? local : outwardStreams).connect(target, handlers) };

startRole({
  role: "fetcher",
  profile: "fetcher",
  prepare: (channel) => {
    main = channel;
    clock = new BootClock();
    puller = new Puller({
      clock,
      streams,
      names: serviceNames,
      output: {
        entries: (batch) => {
          engine?.send("entries", batch, { generation });
          if ((engine?.waiting ?? 0) > WAITING_MAX) puller.pause();
        },
        pulled: ({ failure: _, rejects, ...pulled }) => {
          engine?.send("pulled", { ...pulled, rejects: rejects.slice(0, LIMITS.rejectReasons) }, { generation });
          queueMicrotask(collectNow); // once nobody holds what was read
        },
        changes: (changes) => engine?.send("sourceChanges", changes, { generation }),
        stale: (which) => engine?.send("sourceStale", which, { generation }),
      },
      log: { write: log },
    });
    return fromMain;
  },
});

function fromMain(message: Incoming): void {
  if (message.kind === "fetcherConfig") configure(message);
  else if (message.kind === "ldapiStream") local.handed(message.body.request, message.descriptors[0] ?? -1);
  else if (message.kind === "ldapiFailed") local.failed(message.body.request, `error ${message.body.errno}`);
  else if (message.kind === "peer" && message.body.role === "engine-directory") meetEngine(message.descriptors[0] ?? -1);
}

function configure({ body, descriptors, generation: of }: Extract<Incoming, { readonly kind: "fetcherConfig" }>): void {
  config = joined({ config: body, secrets: decodeAll(sourceSecrets, wholeFile(descriptors[0] ?? -1)) });
  puller.configure(config);
  generation = of;
  if (early !== undefined) pull(early);
}

/** From where it stands to its end; it is closed then. */
function wholeFile(fd: number): Uint8Array {
  const parts: Uint8Array[] = [];
  try {
    for (;;) {
      const part = new Uint8Array(READ_BYTES);
      const bytes = readSync(fd, part);
      if (bytes === 0) return Buffer.concat(parts);
      parts.push(part.subarray(0, bytes));
    }
  } finally {
    closeSync(fd);
  }
}

/** One that was asked for under an older configuration is forgotten: the engine asks again. */
function pull(asked: NonNullable<typeof early>): void {
  early = asked.generation > generation ? asked : undefined;
  if (asked.generation === generation) puller.pull(asked.update, asked.withinSeconds, asked.held);
}

function meetEngine(fd: number): void {
  engine?.close();
  engine = new Connection(fd, "fetcher", "engine-directory", {
    onMessage: (message) => {
      if (message.kind === "pull") pull({ ...message.body, generation: message.generation });
      else if (message.kind === "probeSource") beginProbe(message.body.probe, message.body.source);
    },
    onEnd: () => undefined,
    onDrained: () => {
      if (puller.paused) puller.resume();
    },
  });
}

/** One that is under way is given up. */
function beginProbe(number: number, source: number): void {
  probe?.abandon();
  probe = new Probe({ clock, streams, names: serviceNames }, (report) => engine?.send("sourceProbed", { probe: number, report }, { generation }));
  if (config !== undefined) probe.begin(config, source);
}

function log(level: LogLevel, event: string, fields: LogFields): void {
  main().send("logRecord", { level, event, fields: Object.entries(fields).map(([name, value]) => ({ name, value: String(value) })) });
}
