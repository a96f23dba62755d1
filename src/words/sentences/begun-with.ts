/** What a run of a program without a job library was begun with, as far as that is known. In words. Pure. */
import type { Why } from "../../model/why.ts";

/**
 * "from ckpt_100.pt", "without a checkpoint". Whether the program uses a file that is named in its environment
 * alone nobody can see. Goes on from "started".
 */
export function begunText(begun: Why["begunWith"]): string {
  if (begun === undefined) return "without a checkpoint";
  return begun.argument ? `from ${begun.file}` : `with ${begun.file} named in its environment`;
}

/** Of a run that was begun at the beginning, though a file of its pattern was there. */
export const besideText = (file: string): string =>
  `started ${begunText(undefined)}: ${file} isn't used (why: supervisor audit --kind checkpoint.rejected)`;
