/** btop: a screen of the machine and its processes. Samples what it shows by itself. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Peer } from "./peer.ts";
import { folder } from "./place.ts";
import { versionOf } from "./processes.ts";

export const btop: Peer = {
  name: "btop",
  version: () => versionOf("btop", "--version"),
  install: "apt install btop",
  screen() {
    const directory = folder("btop");
    mkdirSync(join(directory, "btop"));
    writeFileSync(join(directory, "btop/btop.conf"), "update_ms = 1000\n");
    return {
      command: ["btop", "--utf-force"],
      env: { XDG_CONFIG_HOME: directory },
      shows: "proc",
    };
  },
};
