/** `leasehold trace`: a recording, page by page, as lines that `npm run replay` reads. */
import { type Command, Option } from "commander";
import { asciiJson, escapeText } from "../base/text.ts";
import { answer, asking, BUSY, type Common } from "./asking.ts";
import { EXIT, finish, print } from "./output.ts";

export function traceCommand(program: Command): void {
  asking(
    program
      .command("trace")
      .description("the last steps of an interface, or the next ones of a server, as a recording: npm run replay -- FILE plays them again")
      .argument("<name>", "an interface as in `leasehold show`; of lan also dhcp6, of directory updates or requests: those are recorded from now on")
      .addOption(new Option("--seconds <N>", "for how long those are recorded").default(10).argParser(Number))
      .addOption(new Option("--service <SERVICE>", "whose").choices(["uplink4", "uplink6", "lan", "directory"]).default("uplink4")),
  ).action(async (name: string, options: Common & { readonly service: string; readonly seconds: number }) => {
    await recorded(name, options);
    for (let after: number | null = 0; after !== null; ) {
      const { status, body } = await answer(options, "GET", `/v1/trace/${options.service}/${encodeURIComponent(name)}?after=${after}`);
      if (status === 404) finish(EXIT.absent, `${options.service} knows no ${escapeText(name)}; leasehold show lists what there is`);
      if (status !== 200) finish(EXIT.absent, BUSY);
      const page = body as { readonly lines: readonly string[]; readonly next: number | null };
      print(1, page.lines.map(asciiJson).join("\n"));
      after = page.next;
    }
  });
}

/** What is not always recorded is recorded now; SIGINT ends that early. */
async function recorded(name: string, options: Common & { readonly service: string; readonly seconds: number }): Promise<void> {
  const path = `/v1/trace/${options.service}/${encodeURIComponent(name)}?seconds=${options.seconds}`;
  const { status, body } = await answer(options, "POST", path);
  if (status === 400) finish(EXIT.usage, (body as { readonly hint: string }).hint);
  if (status !== 200) return;
  const { seconds } = body as { readonly seconds: number };
  print(2, `recording for ${seconds} seconds; Ctrl-C ends it before that`);
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, seconds * 1000);
    process.once("SIGINT", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
