/**
 * The config under which the victim runs: everything quick, nothing given up, and with rules and a window
 * that the torture's own faults push over their thresholds.
 */
import { resolve } from "node:path";

const JOB = resolve(import.meta.dirname, "../children/torture-job.ts");

/** Pressure on the disk leaves less than this, an undisturbed disk much more. */
export const PRESSED_BELOW_MIB = 10;
export const CPU_RULE = "somebody else computes on the CPU";
export const DISK_RULE = "the disk is nearly full";
/** In UTC. Jumps of hours meet its two closed hours now and then. */
const WINDOW = { name: "all but two hours", opens: "0 2 * * *", closes: "0 0 * * *", timezone: "UTC" };

const RULES = [
  {
    name: DISK_RULE,
    metric: "disk.freeMiB",
    below: PRESSED_BELOW_MIB,
    clear: { above: PRESSED_BELOW_MIB + 2 },
  },
  { name: CPU_RULE, metric: "cpu.others", above: 80, forSeconds: 0.2, clear: { below: 60, forSeconds: 0.2 } },
];

export interface Places {
  database: string;
  state: string;
  ledger: string;
  finishFile: string;
}

/** Valid, and different for each `edit`. `rules: false`: nothing but the faults themselves pauses the job. */
export const tormentingConfig = (places: Places, edit: number, { rules }: { rules: boolean }) => ({
  pollSeconds: edit % 2 === 0 ? 0.1 : 0.15,
  database: places.database,
  stateDirectory: places.state,
  rules: rules ? RULES : [],
  windows: rules ? [WINDOW] : [],
  balance: { backoffSeconds: 0.01, maxBackoffSeconds: 0.05, settleSeconds: 0, maxPauseOverhead: 0.99 },
  jobs: [
    {
      name: "tormented",
      command: ["node", JOB, "--ledger", places.ledger, "--finish", places.finishFile],
      priority: edit,
      checkpoint: { everyMinutes: 0.003, keep: 2 },
      restart: { backoffSeconds: 0.01, maxRetries: 1_000_000 },
    },
  ],
});
