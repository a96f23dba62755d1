/**
 * `npm run build`: src/ → dist/, one file for each program and for each part that is loaded only when
 * it is needed. Libraries of pure JavaScript are put in, what is unused of them is left out: loaded file
 * by file, 161 of ours and 415 of one library, the supervisor takes 8 MiB more and the dashboard twice
 * the CPU to load.
 */
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "rolldown";
import { linesForInk } from "./build/lines-for-ink.ts";
import { writeLicences } from "./build/write-licences.ts";
import { writeManPage } from "./build/write-man-page.ts";
import { writeWheel } from "./build/write-wheel.ts";
import { yogaWithoutFetch } from "./build/yoga-without-fetch.ts";

const isIn =
  (...parts: string[]) =>
  (id: string): boolean =>
    parts.some((part) => id.startsWith(join(import.meta.dirname, "src", part)));

const programs = await build({
  platform: "node",
  input: {
    bin: "src/bin.ts",
    "job/index": "src/job/index.ts",
    "job/tfjs": "src/job/tfjs.ts",
    // Programs for processes of their own.
    "runs/checkpoints/verify-child": "src/runs/checkpoints/verify-child.ts",
    "config/check/check-child": "src/config/check/check-child.ts",
    "park/cuda-program": "src/park/cuda-program.ts",
    "park/park-child": "src/park/park-child.ts",
    "backup/backup-child": "src/backup/backup-child.ts",
    "record/upkeep/upkeep-process": "src/record/upkeep/upkeep-process.ts",
    "sense/gpu/reader/read-gpus": "src/sense/gpu/reader/read-gpus.ts",
    // For tests and benchmarks that drive a dashboard over a client of their own.
    "show/screen/terminal/run-dashboard": "src/show/screen/terminal/run-dashboard.ts",
  },
  // Native, or large and seldom asked: they stay the packages that they are. The last is Ink's own, for
  // its developers; nothing here asks for it.
  external: [/^@tensorflow\//, "better-sqlite3", "koffi", "systeminformation", "react-devtools-core"],
  resolve: { mainFields: ["module", "main"] },
  // Of React only what isn't for its users' debugging.
  transform: { define: { "process.env.NODE_ENV": '"production"' } },
  plugins: [linesForInk(), yogaWithoutFetch()],
  output: {
    dir: "dist",
    // Flat: src/own-files.ts finds everything from there. Without a hash, and never cleared: a supervisor
    // that runs while its checkout is built again still finds what it loads later.
    chunkFileNames: "[name].js",
    // Minified, exports change their names with each build, while a running supervisor still loads files later.
    minifyInternalExports: false,
    // Most of what a start waits for is files: with these, a supervisor loads 50 instead of 83.
    codeSplitting: {
      groups: [
        // All that a help page needs of ours; it loads nothing else.
        { name: "refusal", test: isIn("refusal.ts", "own-files.ts", "version.ts"), priority: 1 },
        {
          name: "common",
          test: isIn(
            "clock.ts",
            "words/",
            "model/",
            "files/",
            "spawn/",
            "sense/proc/",
            "control/client.ts",
            "config/find.ts",
            "config/places.ts",
            "config/project.ts",
          ),
          minShareCount: 4,
        },
      ],
    },
  },
});

// The report's page carries its script and its style in itself.
const page = await build({
  platform: "browser",
  input: "src/report/page/script/main.ts",
  output: { file: "dist/report/page.js", format: "iife", minify: true },
});
// Who gets a page gets a copy of the library that draws, and with it its licence.
const licence = readFileSync("node_modules/uplot/LICENSE", "utf8").trim();
writeFileSync(
  "dist/report/page.js",
  `/*! uPlot. ${licence} */\n${readFileSync("dist/report/page.js", "utf8")}`,
);
const styles = ["node_modules/uplot/dist/uPlot.min.css", "src/report/page/style.css"];
writeFileSync("dist/report/page.css", styles.map((path) => readFileSync(path, "utf8")).join("\n"));

writeLicences([programs, page], "dist/licences.txt");
writeWheel("python", "dist/python");
writeManPage("dist/supervisor.1");

// npm does it only where it links the program anew: not in a checkout that has been cloned again.
chmodSync("dist/bin.js", 0o755);
