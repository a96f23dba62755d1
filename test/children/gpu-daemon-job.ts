/** A job whose worker leaves its tree and session, as daemonised data loaders do; both go on until they are ended. */
import { spawn } from "node:child_process";

const worker = spawn("/bin/sh", ["-c", "setsid sleep 1000 </dev/null >/dev/null 2>&1 & echo worker $!"], {
  stdio: ["ignore", "pipe", "inherit"],
});
worker.stdout.on("data", (chunk: Buffer) => process.stdout.write(chunk));
setInterval(() => {}, 1000);
