import { expect, test } from "vitest";
import { givenJob, givenState, logOf, readOr, start, until } from "../given.ts";

const logged = (state: string): string => readOr(`${state}/logs/job.log`);

test("terminate asks the first process, and lets it end the others in its own way", async () => {
  const state = givenState();
  const program = "trap 'echo ending; kill $!; wait; exit 9' TERM; sleep 300 & echo up; wait";
  const it = await start(state, givenJob(["bash", "-c", program]));
  await until("its start", () => logged(state).includes("up"));
  expect(await it.perform("terminate")).toEqual({ ok: true });
  expect(await it.end()).toMatchObject({ exit: { known: true, code: 9 } });
  expect(logOf(state)).toContain("ending");
});

test("terminate reaches those behind a wrapper that dies without them", async () => {
  const state = givenState();
  const behind =
    "process.on('SIGTERM', () => { console.log('saved'); process.exit(0) }); console.log('up'); setInterval(() => {}, 1e6)";
  const it = await start(state, givenJob(["bash", "-c", `'${process.execPath}' -e "${behind}"; true`]));
  await until("its start", () => logged(state).includes("up"));
  const began = performance.now();
  expect(await it.perform("terminate")).toEqual({ ok: true });
  if (performance.now() - began >= 2000) {
    // A wrapper that got no turn for so long is left to end the others itself: asked again once it is gone.
    await until("the wrapper's end", () => it.see().exit);
    await it.perform("terminate");
  }
  expect(await it.end()).toMatchObject({ exit: { known: true, code: 143, signal: "SIGTERM" } });
  await until("the word of the one behind", () => logged(state).includes("saved"));
});

test("terminate wakes a frozen run, so that it can act on the signal", async () => {
  const it = await start(givenState(), givenJob(["sleep", "300"]));
  await until("its pid", () => it.see().pid);
  await it.perform("freeze");
  expect(it.see("frozen").stopped).toBe(true);
  expect(await it.perform("terminate")).toEqual({ ok: true });
  expect(await it.end()).toMatchObject({ exit: { known: true, signal: "SIGTERM" } });
});

test("kill ends what ignores every other signal, and the exit is still recorded", async () => {
  const state = givenState();
  const program = "trap '' TERM INT HUP USR1 USR2; echo up; while :; do sleep 0.01; done";
  const it = await start(state, givenJob(["bash", "-c", program]));
  await until("its start", () => logged(state).includes("up"));
  await it.perform("terminate");
  expect(it.see().alive).toBe(true);
  expect(await it.perform("kill")).toEqual({ ok: true });
  expect(await it.end()).toMatchObject({ exit: { known: true, code: 137, signal: "SIGKILL" } });
});
