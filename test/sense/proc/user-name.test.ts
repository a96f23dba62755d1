import { describe, expect, it } from "vitest";
import { parsePasswd, userName } from "../../../src/sense/proc/user-name.ts";

describe("users", () => {
  it("have names, or numbers where they have none", () => {
    expect(
      parsePasswd("root:x:0:0::/root:/bin/sh\ntoor:x:0:0::/:/bin/sh\nbad\n:x:5:\nana:x:1000:1000::/:/bin/sh"),
    ).toEqual(
      new Map([
        [0, "root"],
        [1000, "ana"],
      ]),
    );
    expect(userName(0)).toBe("root");
    expect(userName(4_000_000_000)).toBe("4000000000");
  });
});
