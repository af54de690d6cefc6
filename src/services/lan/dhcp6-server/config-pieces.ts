/**
 * A configuration as steps of a recording. One with thousands of reserved hosts is longer than a step may be: then links, classes
 * and hosts come before it in pieces, each as long as half a step at most unless it is one alone.
 */
import { LIMITS } from "../../../base/limits.ts";
import { encodeValue } from "../../recording.ts";
import type { LanConfig } from "../config.ts";

const LISTS = ["interfaces", "relayedLinks", "classes", "hosts"] as const satisfies readonly (keyof LanConfig)[];
const PIECE_CHARACTERS = LIMITS.recordingStepCharacters / 2;

/** What of a configuration is still to come to the lists of the next one that is told whole. */
export type ConfigPiece = Partial<Pick<LanConfig, (typeof LISTS)[number]>>;
/** Pieces first, then what they belong to. */
export type PiecedConfig = { readonly pieces: readonly ConfigPiece[]; readonly config: LanConfig };

export function piecesOf(config: LanConfig): PiecedConfig {
  if (encodeValue(config).length <= PIECE_CHARACTERS) return { pieces: [], config };
  const pieces = LISTS.flatMap((list) => chunks<unknown>(config[list]).map((chunk): ConfigPiece => ({ [list]: chunk })));
  return { pieces, config: { ...config, interfaces: [], relayedLinks: [], classes: [], hosts: [] } };
}

export function joined({ pieces, config }: PiecedConfig): LanConfig {
  return pieces.length === 0
    ? config
    : {
        ...config,
        interfaces: [...pieces.flatMap(({ interfaces = [] }) => interfaces), ...config.interfaces],
        relayedLinks: [...pieces.flatMap(({ relayedLinks = [] }) => relayedLinks), ...config.relayedLinks],
        classes: [...pieces.flatMap(({ classes = [] }) => classes), ...config.classes],
        hosts: [...pieces.flatMap(({ hosts = [] }) => hosts), ...config.hosts],
      };
}

function chunks<T>(items: readonly T[]): readonly (readonly T[])[] {
  const found: T[][] = [];
  let room = 0;
  for (const item of items) {
    const characters = encodeValue(item).length + 1;
    if (characters > room) {
      found.push([]);
      room = PIECE_CHARACTERS;
    }
    found.at(-1)?.push(item);
    room -= characters;
  }
  return found;
}
