/**
 * A job that uses the CPU in one of the ways that are hard to attribute.
 * `node sense-job.ts FORM TOKEN [CGROUP]`: every process that burns has TOKEN in its command line, and
 * all of them are in CGROUP where one is given. Ends when it is killed.
 */
import { execFileSync, spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { isMainThread, Worker, workerData } from "node:worker_threads";

/** About a tenth of a second of CPU in a POSIX shell. */
const BURN = "i=0; while [ $i -lt 60000 ]; do i=$((i+1)); done";

const scripts: Record<string, string> = {
  "a shell loop of short commands": `while :; do sh -c '${BURN}; :' $0; done`,
  "loaders restarted each epoch": `while :; do sh -c '${BURN}; :' $0 & sh -c '${BURN}; :' $0 & wait; done`,
  "a double fork": `while :; do (sh -c '${BURN}; :' $0 &); sleep 0.1; done`,
  "SIGCHLD ignored": `trap '' CHLD; while :; do sh -c '${BURN}; :' $0 & sleep 0.1; done`,
  "a daemonised worker": `(setsid sh -c 'while :; do :; done' $0 &); while :; do sleep 1; done`,
};

function start(form: string, token: string, cgroup: string | undefined): void {
  if (cgroup) writeFileSync(`${cgroup}/cgroup.procs`, String(process.pid));
  if (form === "a plain loop") for (;;);
  if (form === "children of a thread") {
    new Worker(new URL(import.meta.url), { workerData: token, execArgv: [] });
    return;
  }
  const script = scripts[form];
  if (script === undefined) throw new Error(`no such form: ${form}`);
  spawn("/bin/sh", ["-c", script, token], { stdio: "ignore" });
}

if (isMainThread) start(process.argv[2] ?? "", process.argv[3] ?? "", process.argv[4]);
else for (;;) execFileSync("/bin/sh", ["-c", `${BURN}; :`, workerData]);
