/** The rest of src/decide/sharing/gpu-memory.ts is tested by what it lets start: gpu-needs, asleep and released-server. */
import { expect, test } from "vitest";
import { roomForParkedMiB } from "../../../src/decide/sharing/gpu-memory.ts";

test.each([
  ["little asks for 256 MiB beside it", 1000, 24_000, 1256],
  ["much for a twentieth beside it", 16_000, 24_000, 16_800],
  ["nearly all of a GPU for one that is as good as empty", 23_500, 24_000, 23_936],
  ["what an empty GPU barely has for no less than it held", 23_980, 24_000, 23_980],
  ["what was reckoned to have held more than there is for an empty GPU", 24_100, 24_000, 23_936],
] as const)("VRAM that comes back: %s", (_, heldMiB, mostMiB, room) => {
  expect(roomForParkedMiB(heldMiB, mostMiB)).toBe(room);
});
