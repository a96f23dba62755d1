/** Where a job's memory is while it is held, and the step that moves it there or back, in words. Pure. */
import type { Why } from "../../../model/why.ts";
import { size } from "../../size.ts";

/** What a job on standby holds: a server may have given it back. */
export function holdText(server: Why["server"]): string {
  if (!server?.released) return "holding its memory";
  if (server.remainderMiB === null) return "its memory released, according to its server";
  return `its memory released${server.remainderMiB === 0 ? "" : ` except ${size(server.remainderMiB)}`}`;
}

const MOVES: Record<NonNullable<Why["moves"]>["at"], string> = {
  checking: "its VRAM is about to be moved out",
  locking: "the driver is stopping its work on the GPU",
  listing: "the processes on its GPU are listed again",
  moving: "its VRAM is being moved into host memory",
  emptying: "its VRAM was moved out, and that is being checked",
  stopping: "its VRAM was moved out, and it is being stopped",
  undoing: "the driver is letting it go on",
  parked: "",
  claiming: "it has claimed its GPU, and looks whether there is room",
  restoring: "its VRAM is being brought back",
  unlocking: "its VRAM is back, and the driver is letting it go on",
  asking: "the driver is asked where its VRAM is",
};

/** Where the move of its VRAM is; empty of any other job. */
export const movesText = ({ moves }: Pick<Why, "moves">): string =>
  moves === undefined ? "" : `${MOVES[moves.at]}${moves.trouble === undefined ? "" : ` (${moves.trouble})`}`;

/** Why its server still holds its memory; empty where it doesn't. */
export const notReleased = ({ server }: Why): string => (server?.released === false ? server.why : "");

/** Why a parked job can't come back, unless that is its cause. */
export const brokenText = ({ parked, cause }: Why): string =>
  parked?.broken === undefined || parked.broken === cause?.reason ? "" : parked.broken;

const ASKED: Record<NonNullable<Why["asked"]>["at"], string> = {
  looking: "its server is asked what it is at",
  draining: "its server is being drained",
  releasing: "its server is asked to release its memory",
  emptying: "its server was asked to release its memory, and that is being checked",
  resting: "",
  restoring: "its server is asked to come back",
  readying: "its server was asked to come back, and isn't ready yet",
};

/** What its server is asked just now; empty of any other job. */
export const askedText = ({ asked }: Pick<Why, "asked">): string =>
  asked === undefined ? "" : `${ASKED[asked.at]}${asked.trouble === undefined ? "" : ` (${asked.trouble})`}`;
