/** Comes to its job library only once the file `come` is in its folder, as programs do that load much first; then counts as count-steps.ts does. */
import { existsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

while (!existsSync("come")) await sleep(20);
await import("./count-steps.ts");
