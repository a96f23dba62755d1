import { expect, test } from "vitest";
import { compare } from "../../src/servers/compare.ts";

const at = (json: (string | number | Record<string, string>)[], more: object, answer: unknown) =>
  compare({ method: "GET", path: "/s", json, ...more }, JSON.stringify(answer));
const metric = (name: string, equals: unknown, text: string) =>
  compare({ method: "GET", path: "/m", metric: name, equals }, text);

test("a value at the end of its way is compared as a whole", () => {
  expect(at(["a", 1], { equals: 7 }, { a: [3, 7] })).toEqual({ is: "yes" });
  expect(at(["a"], { equals: [] }, { a: [] })).toEqual({ is: "yes" });
  expect(at(["a", 1], { equals: "7" }, { a: [3, 7] })).toEqual({
    is: "no",
    why: `GET /s: 'a.1' is 7, not "7"`,
  });
  expect(
    at([{ id: "big" }, "load"], { equals: 0 }, [
      { id: "small", load: 4 },
      { id: "big", load: 0 },
    ]),
  ).toEqual({
    is: "yes",
  });
});

test("every element has to be so", () => {
  const slots = [{ busy: false }, { busy: true }];
  expect(at(["*", "busy"], { equals: false }, slots)).toMatchObject({ is: "no" });
  expect(at(["*", "busy"], { equals: false }, slots.slice(0, 1))).toEqual({ is: "yes" });
  expect(at(["*", "busy"], { equals: false }, [])).toEqual({ is: "yes" });
});

test("absent is only what its own list or object doesn't contain", () => {
  const way = ["loaded", { name: "big" }];
  expect(at(way, { absent: true }, { loaded: [{ name: "small" }] })).toEqual({ is: "yes" });
  expect(at(way, { absent: true }, { loaded: [{ name: "big" }] })).toMatchObject({ is: "no" });
  expect(at(way, { absent: true }, { error: "no such thing" })).toEqual({
    is: "failed",
    why: "GET /s: its answer has no 'loaded'; it has 'error'",
  });
  expect(at(way, { absent: true }, { loaded: null })).toMatchObject({ is: "failed" });
});

test("a wrong way, or an answer of another kind, is no answer", () => {
  expect(at(["sleeping"], { equals: true }, { is_asleep: true })).toEqual({
    is: "failed",
    why: "GET /s: its answer has no 'sleeping'; it has 'is_asleep'",
  });
  expect(compare({ method: "GET", path: "/s", json: ["a"], equals: 1 }, "<html>")).toEqual({
    is: "failed",
    why: "GET /s: its answer isn't JSON",
  });
});

test("a metric is the sum over its labels, and no other's whose name begins alike", () => {
  const text = '# HELP q_len x\nq_len{m="a b"} 2\nq_len{m="c"} 3\nq_len_max 9\nidle 0.0\n';
  expect(metric("q_len", 5, text)).toEqual({ is: "yes" });
  expect(metric("q_len", 0, text)).toEqual({ is: "no", why: "GET /m: q_len is 5, not 0" });
  expect(metric("idle", 0, text)).toEqual({ is: "yes" });
  expect(metric("q", 0, text)).toEqual({ is: "failed", why: "GET /m: its answer has no metric 'q'" });
});
