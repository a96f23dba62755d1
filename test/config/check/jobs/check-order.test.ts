import { expect, test } from "vitest";
import { checkText } from "../../../../src/config/load.ts";

const problems = (...jobs: object[]): string[] => {
  const all = jobs.map((job) => ({ command: ["true"], ...job }));
  const checked = checkText(JSON.stringify({ jobs: all }), null);
  return checked.ok ? [] : checked.problems.map(({ message }) => message);
};

test("names, circles and moments are told with their place, each once", () => {
  expect(
    problems(
      { name: "a", after: ["c"], notBefore: "2026-13-01T22:00" },
      { name: "b", afterAny: ["a", "bb"] },
      { name: "c", after: ["b"] },
      { name: "s", after: ["s"] },
    ).sort(),
  ).toEqual([
    "jobs[0].after[0] must not lead back to 'a': 'a' starts after 'c', that after 'b', that after 'a', so none of them would ever start. Take one of the names out.",
    'jobs[0].notBefore must be a date and a time that exist, got "2026-13-01T22:00".',
    `jobs[1].afterAny[1] must be the name of a job, got "bb". Did you mean 'b'?`,
    "jobs[3].after[0] must not lead back to 's': 's' starts after itself, so none of them would ever start. Take one of the names out.",
  ]);
  expect(problems({ name: "a", notBefore: "22:00" })[0]).toContain(
    "a date with a time, such as 2026-11-29T22:00",
  );
  expect(
    problems(
      { name: "a" },
      { name: "b", after: ["a"], notBefore: "2026-12-01T06:30+02:00" },
      { name: "c", after: ["a", "b"] },
    ),
  ).toEqual([]);
});
