/** Comes to its job library only after `LATE_MS`, as programs do that load much first; then counts as count-steps.ts does. */
import { setTimeout as sleep } from "node:timers/promises";

await sleep(Number(process.env.LATE_MS));
await import("./count-steps.ts");
