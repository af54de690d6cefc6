/** npm run replay -- FILE: steps the machine of a recording through it. Exit 0 all the same, 1 something differs, 2 no recording. */
import { readFileSync } from "node:fs";
import { dhcp4Client } from "../src/machines/dhcp4-client/client.ts";
import { dhcp6Client } from "../src/machines/dhcp6-client/client.ts";
import type { Machine } from "../src/machines/machine.ts";
import { routerAdvertiser } from "../src/machines/router-advertiser/advertiser.ts";
import { Dhcp6ServerPlayer } from "../src/services/lan/dhcp6-server/player.ts";
import { OutletsPlayer } from "../src/services/directory/recording/outlets-player.ts";
import { UpdatesPlayer } from "../src/services/directory/recording/updates-player.ts";
import { decodeRecording, encodeValue, type Recording, RecordingError, type Replayed, replay } from "../src/services/recording.ts";

type Play = (recording: Recording<unknown, unknown>) => Replayed;
/** Every machine and every server whose recordings there are. */
const PLAYERS: ReadonlyMap<string, Play> = new Map([
  player(dhcp4Client),
  player(dhcp6Client),
  player(routerAdvertiser),
  player(new Dhcp6ServerPlayer()),
  player(new OutletsPlayer()),
  player(new UpdatesPlayer()),
]);

const [file] = process.argv.slice(2);
if (file === undefined) usage("which file?");

let recording: Recording<unknown, unknown>;
try {
  recording = decodeRecording(readFileSync(file, "utf8"));
} catch (error) {
  if (!(error instanceof RecordingError) && (error as NodeJS.ErrnoException).code === undefined) throw error;
  usage(`${file}: ${(error as Error).message}`);
}
const play = PLAYERS.get(recording.machine);
if (play === undefined) usage(`${file}: no machine is called "${recording.machine}"; known: ${[...PLAYERS.keys()].join(", ")}`);

const { steps, differs } = play(recording);
if (differs === undefined) {
  process.stdout.write(`${steps} steps of ${recording.machine}: every state and effect is the recorded one\n`);
} else {
  const step = recording.steps[differs.step - 1];
  process.stdout.write(
    `step ${differs.step} of ${steps} differs: recorded ${differs.recorded}, now ${differs.replayed}\n  event ${encodeValue(step?.event)}\n  at ${step?.now}\n`,
  );
  process.exitCode = 1;
}

/** What a recording says of states and events is taken on trust: it is only stepped through, and compared. */
function player<S, E, F>(machine: Pick<Machine<S, E, F>, "name" | "step">): readonly [string, Play] {
  return [machine.name, (given) => replay(machine, given as Recording<S, E>)];
}

function usage(why: string): never {
  process.stderr.write(`replay: ${why}\nusage: npm run replay -- FILE\n`);
  process.exit(2);
}
