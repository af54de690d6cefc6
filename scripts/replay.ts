/** npm run replay -- FILE: steps the machine of a recording through it. Exit 0 all the same, 1 something differs, 2 no recording. */
import { readFileSync } from "node:fs";
import { dhcp4Client } from "../src/machines/dhcp4-client/client.ts";
import type { ClientEvent, ClientState } from "../src/machines/dhcp4-client/state.ts";
import { decodeRecording, encodeValue, RecordingError, replay } from "../src/services/recording.ts";

const [file] = process.argv.slice(2);
if (file === undefined) usage("which file?");

let recording: ReturnType<typeof decodeRecording<ClientState, ClientEvent>>;
try {
  recording = decodeRecording(readFileSync(file, "utf8"));
} catch (error) {
  if (!(error instanceof RecordingError) && (error as NodeJS.ErrnoException).code === undefined) throw error;
  usage(`${file}: ${(error as Error).message}`);
}
if (recording.machine !== dhcp4Client.name) usage(`${file}: no machine is called "${recording.machine}"; known: ${dhcp4Client.name}`);

const { steps, differs } = replay(dhcp4Client, recording);
if (differs === undefined) {
  process.stdout.write(`${steps} steps of ${recording.machine}: every state and effect is the recorded one\n`);
} else {
  const step = recording.steps[differs.step - 1];
  process.stdout.write(
    `step ${differs.step} of ${steps} differs: recorded ${differs.recorded}, now ${differs.replayed}\n  event ${encodeValue(step?.event)}\n  at ${step?.now}\n`,
  );
  process.exitCode = 1;
}

function usage(why: string): never {
  process.stderr.write(`replay: ${why}\nusage: npm run replay -- FILE\n`);
  process.exit(2);
}
