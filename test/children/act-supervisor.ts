/**
 * A supervisor's worth of `createRuns`: launches the job that it is given and stays until it is
 * killed. argv: state directory, JSON of the job, JSON of the run.
 */
import { createRuns } from "../../src/runs/create-runs.ts";

const [stateDirectory = "", job = "", run = ""] = process.argv.slice(2);
const runs = createRuns({ stateDirectory, directory: stateDirectory });
const known = JSON.parse(job);
const effect = { do: "launch", job: known.name, run: JSON.parse(run), resumeFrom: null } as const;
console.log(JSON.stringify(await runs.perform(effect, known)));
setInterval(() => {}, 1000);
