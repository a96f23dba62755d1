/**
 * A program without a library that reacts to a signal. argv: the signal, "none", or "later" (SIGUSR2
 * once `<marker>.catch` is there); the file to note in; "fork" for a worker with the same command
 * line and the same handler, as data loaders have.
 */
import { fork } from "node:child_process";
import { appendFileSync, existsSync } from "node:fs";

const [signal = "none", marker = ""] = process.argv.slice(2);
const note = (text: string): void => appendFileSync(marker, `${text} ${process.pid}\n`);

const isWorker = process.env.WORKER === "1";
if (isWorker) note("worker");
else if (process.argv[4] === "fork")
  fork(process.argv[1] ?? "", process.argv.slice(2), { env: { ...process.env, WORKER: "1" } });

const listen = (name: string): void => void process.on(name, () => note("heard"));
if (signal === "later") {
  const timer = setInterval(() => {
    if (!existsSync(`${marker}.catch`)) return;
    clearInterval(timer);
    listen("SIGUSR2");
  }, 10);
} else if (signal !== "none") listen(signal);
note("ready");
setInterval(() => {}, 1000);
