/**
 * Loaded with `--import` ahead of a program: its wall clock is off by as many milliseconds as the file
 * TORTURE_CLOCK says at that moment, as if somebody had set the machine's clock. Monotonic time goes on
 * undisturbed. Programs started from there inherit it with their environment.
 */
import { readFileSync } from "node:fs";

const file = process.env.TORTURE_CLOCK ?? "";
const realNow = Date.now;

function now(): number {
  try {
    return realNow() + Number(readFileSync(file, "utf8"));
  } catch {
    return realNow();
  }
}

globalThis.Date = new Proxy(Date, {
  construct: (real, args, made) => Reflect.construct(real, args.length === 0 ? [now()] : args, made),
  get: (real, key) => (key === "now" ? now : Reflect.get(real, key)),
});
