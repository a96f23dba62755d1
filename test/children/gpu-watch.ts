/** Looks at a fake driver's GPUs as a supervisor does, and prints the reading process's pid. */
import { ReaderWatch } from "../../src/sense/gpu/reader/reader-process.ts";

const [library = ""] = process.argv.slice(2);
const watch = new ReaderWatch({ source: "nvml", paceMs: 100, libraries: [library] });
setInterval(() => {
  const seen = watch.look(performance.now());
  console.log(JSON.stringify({ pid: watch.pid, reads: "gpus" in seen }));
}, 50);
