import { expect, it } from "vitest";
import { whose } from "../../../src/words/sentences/whose.ts";

it("a job of another user is theirs, one of our own is yours, with the folder it is at home in", () => {
  const job = { user: "mia", job: "asr" };
  expect(whose(job)).toBe("mia's 'asr'");
  expect(whose({ ...job, place: "~/lakes" })).toBe("your 'asr' in ~/lakes");
  expect(whose({ ...job, place: "" })).toBe("your 'asr'");
});
