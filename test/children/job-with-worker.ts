/** Starts a child process that imports the library too, as data loaders do, and waits for its end. */
import { spawnSync } from "node:child_process";
import { job } from "../../src/job/index.ts";

if (process.argv[2] === "child") console.log(`child supervised ${job.supervised}`);
else {
  const child = spawnSync(process.execPath, [process.argv[1] as string, "child"], { encoding: "utf8" });
  console.log(`${child.stdout.trim()}, status pid is mine ${job.report?.pid === process.pid}`);
}
