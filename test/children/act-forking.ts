/** A tree that keeps forking: every process starts short-lived children again and again. argv: depth. */
import { spawn } from "node:child_process";
import { appendFileSync } from "node:fs";

const depth = Number(process.argv[2] ?? 2);
const beats = process.argv[3] ?? "";
setInterval(() => appendFileSync(beats, "."), 20);
spawn("/bin/sh", ["-c", "while :; do sleep 0.01; (sleep 0.02 & sleep 0.01) ; done"], { stdio: "ignore" });
if (depth > 1)
  spawn(process.execPath, [process.argv[1] ?? "", String(depth - 1), beats], { stdio: "ignore" });
