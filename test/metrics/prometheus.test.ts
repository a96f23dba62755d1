/**
 * The real Prometheus and the real node_exporter read a running supervisor; each expression of the shipped
 * dashboard gives something, each shipped alert fires when it should and not otherwise.
 * Covers: src/metrics/metrics.ts
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { FakeNvml } from "../fakes/nvml/fake.ts";
import { freePort } from "../free-port.ts";
import { compiler, describeWith, nodeExporter, prometheus } from "../needs.ts";
import type { RealSupervisor } from "../scenarios/real-supervisor.ts";
import { until } from "../until.ts";
import { ALERTS, alertExpressions, dashboardExpressions } from "./dashboard.ts";
import { supervised } from "./supervised.ts";

const whole = {
  met: compiler.met && prometheus.met,
  reason: compiler.met ? prometheus.reason : compiler.reason,
};

let directory: string;
const servers: ChildProcess[] = [];
const closing: (() => unknown)[] = [];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "supervisor-prometheus-"));
});
afterEach(async () => {
  for (const server of servers.splice(0)) {
    const gone = new Promise((done) => server.once("exit", done));
    if (server.exitCode === null && server.kill("SIGKILL")) await gone;
  }
  for (const close of closing.splice(0)) await close();
  rmSync(directory, { recursive: true, force: true });
});

function serve(program: string, ...args: string[]): void {
  servers.push(spawn(program, args, { stdio: "ignore" }));
}

function supervisorWith(metrics: object): [FakeNvml, RealSupervisor] {
  const [driver, supervisor] = supervised(metrics);
  closing.push(
    () => supervisor.close(),
    () => driver.close(),
  );
  return [driver, supervisor];
}

/** All values of a key in a YAML file, each once. */
const valuesOf = (file: string, key: string): string[] =>
  [
    ...new Set(
      [...readFileSync(file, "utf8").matchAll(new RegExp(`\\b${key}: (\\w+)`, "g"))].map(
        ([, name = ""]) => name,
      ),
    ),
  ].sort();

const promtool = (...args: string[]): { status: number | null; said: string } => {
  const { status, stdout, stderr } = spawnSync("promtool", args, { encoding: "utf8" });
  return { status, said: stdout + stderr };
};

/** Starts a Prometheus that scrapes `port` once a second; gives what asks it. */
async function prometheusOf(port: number): Promise<(expression: string) => Promise<unknown[]>> {
  const own = await freePort();
  const file = join(directory, "prometheus.yml");
  const scrape = { job_name: "gpu-job-supervisor", static_configs: [{ targets: [`127.0.0.1:${port}`] }] };
  const config = {
    global: { scrape_interval: "1s", evaluation_interval: "1s" },
    rule_files: [ALERTS],
    scrape_configs: [scrape],
  };
  // JSON is YAML.
  writeFileSync(file, JSON.stringify(config));
  const places = ["--storage.tsdb.path", join(directory, "data"), "--web.listen-address", `127.0.0.1:${own}`];
  serve("prometheus", "--config.file", file, ...places);
  return async (expression) => {
    const url = `http://127.0.0.1:${own}/api/v1/query?query=${encodeURIComponent(expression)}`;
    const answer = (await (await fetch(url)).json()) as { error?: string; data?: { result: unknown[] } };
    if (answer.data === undefined) throw new Error(`${expression}: ${answer.error}`);
    return answer.data.result;
  };
}

describeWith(whole)("Prometheus (needs prometheus, promtool and a C compiler)", () => {
  it("scrapes a running supervisor, whose page promtool finds clean; no panel of the dashboard is empty", async () => {
    const port = await freePort();
    const [, supervisor] = supervisorWith({ port });
    await supervisor.start();
    const query = await prometheusOf(port);
    await supervisor.steps("train", 3);
    await until("the first scrape", async () => (await query("gpu_job_supervisor_job_step > 3")).length > 0);
    // What happens between two scrapes shows as an increase.
    expect(supervisor.say("pause", "train").code).toBe(0);
    await until("the pause", async () => (await query("gpu_job_supervisor_job_pauses_total > 0")).length > 0);
    expect(supervisor.say("resume", "train").code).toBe(0);
    await supervisor.steps("train", 5);
    await until("the work", async () => (await query("gpu_job_supervisor_job_steps_per_second")).length > 0);
    for (const expression of dashboardExpressions())
      await until(expression, async () => (await query(expression)).length > 0);
    for (const expression of alertExpressions()) await query(expression);
    // A scrape that took over a second has failed; the next one tells.
    await until("a scrape that was answered", async () => (await query("up == 1")).length === 1);
    expect(await query("up")).toHaveLength(1);

    const page = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    const checked = spawnSync("promtool", ["check", "metrics"], { input: page, encoding: "utf8" });
    expect([checked.status, checked.stdout + checked.stderr]).toEqual([0, ""]);
  });
});

describeWith(prometheus)("the shipped alerts (needs promtool)", () => {
  it("are valid, and each fires when it should and not otherwise", () => {
    expect(promtool("check", "rules", ALERTS)).toMatchObject({ status: 0 });
    const cases = join(import.meta.dirname, "alerts.cases.yml");
    for (const [from, to] of [
      [ALERTS, "alerts.yml"],
      [cases, "cases.yml"],
    ] as const)
      copyFileSync(from, join(directory, to));
    const tested = promtool("test", "rules", join(directory, "cases.yml"));
    expect(tested).toEqual({ status: 0, said: expect.stringContaining("SUCCESS") });
    expect(valuesOf(cases, "alertname")).toEqual(valuesOf(ALERTS, "alert"));
  });
});

describeWith({
  met: compiler.met && nodeExporter.met,
  reason: compiler.met ? nodeExporter.reason : compiler.reason,
})("node_exporter (needs prometheus-node-exporter and a C compiler)", () => {
  it("reads the files of two supervisors side by side, until they are stopped", async () => {
    const folder = join(directory, "textfile");
    mkdirSync(folder);
    const both = ["one.prom", "two.prom"].map(
      (name) => supervisorWith({ file: join(folder, name), everySeconds: 1 })[1],
    );
    for (const supervisor of both) await supervisor.start();
    const port = await freePort();
    const collector = ["--collector.disable-defaults", "--collector.textfile"];
    serve(
      "prometheus-node-exporter",
      ...collector,
      `--collector.textfile.directory=${folder}`,
      `--web.listen-address=127.0.0.1:${port}`,
    );
    const page = async (): Promise<string> => await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    const projects = async (): Promise<string[]> =>
      [...(await page()).matchAll(/^gpu_job_supervisor_info\{.*project="([^"]+)".*\} 1$/gm)].map(
        ([, project = ""]) => project,
      );
    await until("both", async () => (await projects()).length === 2);
    expect((await projects()).sort()).toEqual(both.map(({ configFile }) => configFile).sort());
    expect(await page()).toMatch(/^node_textfile_scrape_error 0$/m);
    both[0]?.say("stop");
    await until("one", async () => (await projects()).length === 1);
    expect(await page()).toMatch(/^node_textfile_scrape_error 0$/m);
  });
});
