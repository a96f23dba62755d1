import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { EventCounts } from "../../src/metrics/event-counts.ts";
import { exposition } from "../../src/metrics/exposition.ts";
import { families } from "../../src/metrics/families/families.ts";
import { GpuTime } from "../../src/metrics/gpu-time.ts";
import { snapshot } from "../show/snapshots.ts";
import { DOCS } from "./dashboard.ts";

test("names, escapes and figures are as the format wants them", () => {
  const text = exposition(
    [
      {
        name: "job_metric",
        type: "gauge",
        help: "In C:\\runs,\nas reported.",
        series: [
          { labels: { job: 'a"b\\c\nd' }, value: Number.NaN },
          { labels: { job: "é" }, value: Number.NEGATIVE_INFINITY },
          { value: 1e-7 },
        ],
      },
      { name: "nothing", type: "counter", help: "No series.", series: [] },
    ],
    { project: "/p" },
  );
  expect(text).toBe(
    [
      "# HELP gpu_job_supervisor_job_metric In C:\\\\runs,\\nas reported.",
      "# TYPE gpu_job_supervisor_job_metric gauge",
      'gpu_job_supervisor_job_metric{job="a\\"b\\\\c\\nd",project="/p"} NaN',
      'gpu_job_supervisor_job_metric{job="é",project="/p"} -Inf',
      'gpu_job_supervisor_job_metric{project="/p"} 1e-7',
      "",
    ].join("\n"),
  );
});

test("a histogram has cumulative buckets up to infinity, a sum and a count", () => {
  const buckets = [
    { le: 0.5, count: 1 },
    { le: Number.POSITIVE_INFINITY, count: 3 },
  ];
  const text = exposition([{ name: "t_seconds", type: "histogram", help: "T.", buckets, sum: 9.25 }], {});
  expect(text.split("\n").slice(2)).toEqual([
    'gpu_job_supervisor_t_seconds_bucket{le="0.5"} 1',
    'gpu_job_supervisor_t_seconds_bucket{le="+Inf"} 3',
    "gpu_job_supervisor_t_seconds_sum 9.25",
    "gpu_job_supervisor_t_seconds_count 3",
    "",
  ]);
});

test("the manual has each family that may be told, once, and no other", () => {
  const rows = readFileSync(join(DOCS, "metrics.md"), "utf8").match(/^\| `.*/gm) ?? [];
  const known = rows.flatMap((row) => [...(row.split(" | ")[0] ?? "").matchAll(/`(\w+)`/g)]);
  const told = families(snapshot(), new EventCounts(), new GpuTime()).map(({ name }) => name);
  expect(known.map(([, name]) => name).sort()).toEqual([...told].sort());
});
