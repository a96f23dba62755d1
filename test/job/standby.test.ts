/** Covers: src/job/hold/breath.ts, src/job/hold/hold.ts, src/job/hold/pausable.ts, src/job/hold/stream.ts */
import { resolve } from "node:path";
import { keepsStandbyContract } from "./standby-contract.ts";
import { savesWhileStreaming } from "./stream-saves-contract.ts";

const library = {
  name: "TypeScript",
  streams: resolve("test/children/job-streams.ts"),
  kinds: ["pausable", "gate", "stage"],
};
keepsStandbyContract(library);
savesWhileStreaming(library);
