/**
 * Covers: src/job/index.ts, src/job/job.ts, src/job/checkpoint/saves.ts, src/job/report/complain.ts,
 * src/job/report/doorbell.ts, src/job/report/speaker.ts, src/job/report/status.ts
 */
import { keepsPauseContract } from "./pause-contract.ts";
import { typescript } from "./typescript.ts";

keepsPauseContract(typescript);
