/** Texts of nvidia-smi, written by hand after its documented formats, for many cards and states. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Told } from "../../../../src/sense/gpu/report.ts";
import {
  cell,
  failure,
  joinReports,
  parseGpus,
  parseProcesses,
} from "../../../../src/sense/gpu/smi/parse.ts";

const RTX = "GPU-5f3a1c9e-0b7d-4c2e-9a61-7d1f2e3b4c5d";
const row = (...cells: string[]): string => cells.join(", ");
const states = ["Not Active", "Not Active", "Not Active"];

describe("rows of --query-gpu", () => {
  it("of a workstation card at work", () => {
    const text = row(
      RTX,
      "0",
      "97",
      "24564",
      "5423",
      "18637",
      "71",
      "412.33",
      "450.00",
      "Not Active",
      "Not Active",
      "Active",
      "NVIDIA GeForce RTX 4090",
    );
    expect(parseGpus(`${text}\n`)).toEqual([
      {
        uuid: RTX,
        index: 0,
        name: "NVIDIA GeForce RTX 4090",
        utilization: 97,
        source: "nvidia-smi",
        device: { runtime: "cuda", number: 0 },
        memoryTotalMiB: 24564,
        memoryFreeMiB: 5423,
        memoryUsedMiB: 18637,
        temperature: 71,
        powerWatts: 412.33,
        powerLimitWatts: 450,
        throttled: 1,
        processes: expect.any(String),
      },
    ]);
  });

  it.each([
    ["a card without a power sensor", "[N/A]", "[N/A]"],
    ["an older driver's words", "[Not Supported]", "[Not Supported]"],
    ["WSL2", "N/A", "[N/A]"],
    ["a driver that has given the field up", "[Requested functionality has been deprecated]", "45.00"],
    ["a pod without rights", "[Insufficient Permissions]", "100.00"],
    ["a broken sensor", "ERR!", "[Unknown Error]"],
    ["a negative figure", "-1", "45"],
    ["nothing", "", ""],
  ])("of %s have a reason where there is no figure", (_, power, limit) => {
    const [gpu] = parseGpus(
      row(RTX, "3", "0", "4038", "3900", "12", "35", power, limit, ...states, "NVIDIA GeForce GTX 1050 Ti"),
    );
    expect(gpu).toMatchObject({ index: 3, utilization: 0, memoryUsedMiB: 12, temperature: 35, throttled: 0 });
    expect(gpu?.powerWatts).toMatch(/nvidia-smi says/);
  });

  it("of a GPU that is lost are reasons, and its neighbour's are figures", () => {
    const lost = row(
      RTX,
      "0",
      ...Array(7).fill("[GPU is lost]"),
      ...Array(3).fill("[GPU is lost]"),
      "NVIDIA A100",
    );
    const good = row(
      "GPU-2",
      "1",
      "0",
      "81920",
      "81200",
      "4",
      "30",
      "55.1",
      "400.00",
      ...states,
      "NVIDIA A100, 80GB",
    );
    const [first, second] = parseGpus(`${lost}\n${good}`);
    for (const field of ["utilization", "memoryUsedMiB", "temperature", "throttled"] as const)
      expect(first?.[field]).toMatch(/GPU is lost/);
    expect(second).toMatchObject({ utilization: 0, name: "NVIDIA A100, 80GB", throttled: 0 });
  });

  it("are left out where a line is about something else", () => {
    const text = [
      "Unable to determine the device handle for GPU0000:01:00.0: Unknown Error",
      "WARNING: infoROM is corrupted at gpu 0000:02:00.0",
      row("uuid", "index", "utilization.gpu [%]"),
      row(RTX, "x", "1"),
      row(RTX, "1"),
      "",
    ].join("\n");
    const [only, ...more] = parseGpus(text);
    expect(more).toEqual([]);
    expect(only).toMatchObject({ uuid: RTX, index: 1, utilization: "nvidia-smi says nothing" });
  });

  it("of a divided GPU have no use", () => {
    const [gpu] = parseGpus(
      row(
        RTX,
        "0",
        "[N/A]",
        "81559",
        "60500",
        "20312",
        "41",
        "98.2",
        "700.00",
        ...states,
        "NVIDIA H100 80GB HBM3",
      ),
    );
    expect(gpu).toMatchObject({ utilization: "nvidia-smi says 'N/A'", memoryUsedMiB: 20312 });
  });
});

describe("rows of --query-compute-apps", () => {
  it("belong to their GPU, and unknown memory isn't 0", () => {
    const text = `${RTX}, 4711, 8123\n${RTX}, 4712, [N/A]\nGPU-2, 99, [Not Supported]\nno processes\n, , \n`;
    const found = parseProcesses(text);
    expect(found.get(RTX)).toMatchObject([
      { pid: 4711, memoryMiB: 8123 },
      { pid: 4712, memoryMiB: "nvidia-smi says 'N/A'" },
    ]);
    expect(found.get("GPU-2")).toMatchObject([
      { pid: 99, smPercent: expect.stringMatching(/doesn't report/) },
    ]);
    expect(found.size).toBe(2);
  });

  it("that couldn't be asked for leave the reason, not an empty list", () => {
    const gpus = parseGpus(row(RTX, "0", "5", "1", "1", "1", "1", "1", "1", ...states, "x"));
    expect(joinReports(gpus, null, "it took too long")[0]?.processes).toBe("it took too long");
    expect(joinReports(gpus, "", "")[0]).toMatchObject({ processes: [], unlisted: expect.any(String) });
  });
});

it.each([
  [
    "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver. Make sure ...",
    /couldn't communicate/,
  ],
  [
    "Failed to initialize NVML: Driver/library version mismatch\nNVML library version: 550.54",
    /version mismatch/,
  ],
  ["No devices were found", /No devices/],
  ["", /said nothing/],
])("a failure as a whole is told in its own words: %s", (text, expected) => {
  expect(failure(text)).toMatch(expected);
});

it.each([
  [["Not Active", "[N/A]", "Not Active"], "nvidia-smi says 'N/A'"],
  [["Not Active", "Not Active", ""], "nvidia-smi says nothing"],
  [["[N/A]", "Active", "[N/A]"], 1],
])("throttling by %j is told as %j: a reason that isn't told is named", (reasons, told) => {
  const [gpu] = parseGpus(row(RTX, "0", "1", "2", "3", "4", "5", "6", "7", ...reasons, "Card"));
  expect(gpu?.throttled).toBe(told);
});

describe("whatever comes", () => {
  const reason = (told: Told): boolean => typeof told === "string" && told.length > 0;
  it("is a figure as written, or a reason", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        const told = cell(text);
        return reason(told) || (typeof told === "number" && told >= 0 && Number(text.trim()) === told);
      }),
    );
  });

  it("is never an exception, and never 0 unless it says 0", () => {
    const word = fc.oneof(
      fc.string(),
      fc.constantFrom("[N/A]", "[Unknown Error]", "", "12", "NaN", "1e9", "0x10", "Active"),
    );
    fc.assert(
      fc.property(fc.array(fc.array(word, { maxLength: 14 }), { maxLength: 5 }), (rows) => {
        const text = rows.map((cells) => ["GPU-1", "1", ...cells].join(", ")).join("\n");
        for (const gpu of parseGpus(text))
          for (const told of [gpu.utilization, gpu.memoryUsedMiB, gpu.temperature, gpu.powerWatts])
            if (typeof told === "number" && told === 0) expect(text).toContain("0");
            else expect(typeof told === "number" ? told > 0 : reason(told)).toBe(true);
        parseProcesses(text);
        failure(text);
      }),
    );
  });
});
