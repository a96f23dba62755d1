/** How a job makes room when it is asked to, in words. Pure. */
import type { Room } from "../../model/why.ts";

/** What is freed by a freeze, and what isn't. */
const FROZEN = "under pressure it is frozen: its CPU and GPU time is freed, its memory isn't";

const WAY = "supervisor help pause";
const RANKS =
  "it has several ranks, which fail when they are frozen, and nothing shows so far that they save";

const WAYS: Record<Room, string> = {
  library: "it imports the job library, and makes room by checkpoint once it calls job.step()",
  signal: "it makes room by checkpoint: its pause signal tells it to save and exit, as configured",
  itself: "it makes room by checkpoint: it can't be asked to save, so it is ended after its next checkpoint",
  standby: "it makes room by standby: it stops working and keeps its memory",
  frozen: FROZEN,
  parked: "it makes room by park: it is frozen, and its VRAM is moved into host memory",
  "parked by itself": `nothing shows so far that it saves; when its VRAM is needed, it is frozen and its VRAM is moved into host memory, as tested on its GPU (alternatives: ${WAY})`,
  server: "it makes room by HTTP: its server is drained, then asked to release its memory",
  unproven: `nothing shows so far that it saves; until something does, ${FROZEN} (to free its memory too: ${WAY})`,
  ranks: `${RANKS}, so it makes no room (${WAY})`,
  "ranks ended": `${RANKS}, so under pressure it is ended when its grace is over, as its config says (${WAY})`,
};

/** Those that a person may want to change. */
export const UNPROVEN: Room[] = ["unproven", "ranks", "ranks ended"];

/** A clause without a full stop. */
export const roomText = (room: Room): string => WAYS[room];
