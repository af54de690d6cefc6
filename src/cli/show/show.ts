/** `leasehold show`: sentences first, then what was counted. */
import { escapeText } from "../../base/text.ts";
import type { DirectoryView } from "../../services/directory/view.ts";
import type { LanView } from "../../services/lan/view.ts";
import type { Uplink4View } from "../../services/uplink4/view.ts";
import type { Uplink6View } from "../../services/uplink6/view.ts";
import { directoryLines } from "./directory.ts";
import { lanLines } from "./lan.ts";
import { uplink4Lines } from "./uplink4.ts";
import { uplink6Lines } from "./uplink6.ts";
import { counted } from "./words.ts";

/** A role that is not ready has been started and is not behind its fence yet. */
export type RoleView = { readonly name: string; readonly pid: number; readonly ready: boolean; readonly restarts: number; readonly jit: boolean };
export type MainView = {
  readonly configuration: string;
  readonly generation: number;
  readonly startedAt: string;
  readonly logLevel: string;
  readonly pid: number;
  readonly services: readonly string[];
  readonly roles: readonly RoleView[];
  readonly refused: Readonly<Record<string, number>>;
  readonly lacking: readonly string[];
};
/** A service that is not configured is not there; null: its engine does not answer. */
export type Shown = {
  readonly main: MainView;
  readonly uplink4?: Uplink4View | null;
  readonly uplink6?: Uplink6View | null;
  readonly lan?: LanView | null;
  readonly directory?: DirectoryView | null;
};

export function sentences({ main, uplink4, uplink6, lan, directory }: Shown): string {
  const roles = main.roles.map(inWords).join(", ");
  const lines = [
    `leasehold runs since ${main.startedAt} with ${main.configuration} (generation ${main.generation}): main ${main.pid}, ${roles}.`,
    ...main.lacking.map((what) => `This machine lacks a fence: ${what}.`),
    ...of("uplink4", uplink4, uplink4Lines),
    ...of("uplink6", uplink6, uplink6Lines),
    ...of("lan", lan, lanLines),
    ...of("directory", directory, directoryLines),
  ];
  const refusals = counted(main.refused);
  if (refusals !== "") lines.push("", `main refused: ${refusals}`);
  return `${lines.map(escapeText).join("\n")}\n`;
}

function inWords({ name, pid, ready, restarts, jit }: RoleView): string {
  return `${name} ${pid}${ready ? "" : " (starting)"}${restarts > 0 ? ` (restarted ${restarts}x)` : ""}${jit ? " (with JIT)" : ""}`;
}

function of<V>(service: string, view: V | null | undefined, linesOf: (view: V) => readonly string[]): readonly string[] {
  if (view === undefined) return [];
  return view === null ? ["", `${service} does not answer: its engine is starting, or restarting.`] : linesOf(view);
}
