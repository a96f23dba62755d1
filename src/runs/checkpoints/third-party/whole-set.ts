/**
 * Whether the files of a checkpoint are all there: the shards that an index or their own names tell of, and
 * what each format writes last. Goes by names, and by what an index lists.
 */
import { readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { isThere } from "../../../files/is-there.ts";
import type { Measured } from "./measure.ts";

const INDEX = /\.index(\.[\w-]+)?\.json$/;
const SHARD = /^(.*)-(\d+)-of-(\d+)(\.[a-z]+)?$/;
const MOST_INDEX_BYTES = 2 ** 26;

type File = Measured["files"][number];

/**
 * What is missing, as a sentence, or null.
 * @param unread gets the paths of what can't be looked at, of which nothing is known to be missing
 */
export function incomplete(path: string, files: readonly File[], unread: string[]): string | null {
  const folders = Map.groupBy(files, (file) => dirname(file.path));
  for (const [folder, inside] of folders) {
    // A single file may be an index or a shard of files beside it.
    const own = inside.map(nameOf);
    const listed = folder === dirname(path) ? looked(folder, unread, (place) => readdirSync(place)) : own;
    if (listed === null) continue;
    const names = new Set(listed);
    const missing =
      missingShard(own, names) ??
      missingFromIndex(inside, names, unread) ??
      missingLast(own, names, /^checkpoint-\d+$/.test(basename(folder)));
    if (missing !== null) return `${missing} is missing`;
  }
  return null;
}

const nameOf = ({ path }: File): string => basename(path);

/** What `look` tells of `path`; null where the system doesn't say. */
function looked<T>(path: string, unread: string[], look: (path: string) => T): T | null {
  try {
    return look(path);
  } catch {
    unread.push(path);
    return null;
  }
}

/** `model-00002-of-00003.safetensors`: as many as the name says, whether counted from 0 or 1. */
function missingShard(own: string[], names: ReadonlySet<string>): string | null {
  for (const name of own) {
    const [, stem, number = "", total = "", ending = ""] = SHARD.exec(name) ?? [];
    if (stem === undefined || Number(total) > 100_000) continue;
    const shard = (index: number) =>
      `${stem}-${String(index).padStart(number.length, "0")}-of-${total}${ending}`;
    const first = names.has(shard(0)) ? 0 : 1;
    for (let index = first; index < first + Number(total); index++)
      if (!names.has(shard(index))) return shard(index);
  }
  return null;
}

/** `model.safetensors.index.json` names the file of each tensor; TensorFlow's `.index` has its data beside it. */
function missingFromIndex(
  files: readonly File[],
  names: ReadonlySet<string>,
  unread: string[],
): string | null {
  for (const { path, bytes } of files) {
    const name = basename(path);
    if (INDEX.test(name) && bytes !== null && bytes <= MOST_INDEX_BYTES) {
      const text = looked(path, unread, (index) => readFileSync(index, "utf8")) ?? "";
      const missing = listedIn(text).find(
        (shard) => looked(join(dirname(path), shard), unread, isThere) === false,
      );
      if (missing !== undefined) return missing;
    }
    const stem = /^(.*ckpt.*)\.index$/.exec(name)?.[1];
    if (stem !== undefined && ![...names].some((other) => other.startsWith(`${stem}.data-`)))
      return `${stem}.data`;
  }
  return null;
}

/** Nothing where it names no files: then it isn't such an index. */
function listedIn(text: string): string[] {
  try {
    const { weight_map: map } = JSON.parse(text) as { weight_map?: object };
    return [...new Set(Object.values(map ?? {}))].filter((file) => typeof file === "string");
  } catch {
    return [];
  }
}

/** What is written last, where other files tell that it must come. */
function missingLast(own: string[], names: ReadonlySet<string>, ofTrainer: boolean): string | null {
  const has = (name: string): boolean => names.has(name);
  const sharded = own.find((name) => /\.(safetensors|bin)$/.test(name) && SHARD.test(name));
  if (sharded !== undefined && has("config.json") && ![...names].some((name) => INDEX.test(name)))
    return sharded.replace(SHARD, "$1$4.index.json");
  if (own.some((name) => name.endsWith(".distcp")) && !has(".metadata")) return ".metadata";
  if (ofTrainer && has("training_args.bin") && !has("trainer_state.json")) return "trainer_state.json";
  return null;
}
