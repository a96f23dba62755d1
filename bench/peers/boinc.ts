/**
 * BOINC's client, which pauses its tasks where others use the CPU. Tasks come from a project's server; here
 * the state that such a one would have left is written by hand, and the network is off.
 */
import { spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { until } from "../../test/until.ts";
import type { Begun, Peer } from "./peer.ts";
import { endAll, folder } from "./place.ts";
import { answer, family, sleepersOf, versionOf } from "./processes.ts";

const MASTER = "http://127.0.0.1/bench/";
const APP = "<app><name>sleep</name><user_friendly_name>sleep</user_friendly_name></app>";
/** As the client names the machine that it was built for. */
const platform = process.arch === "arm64" ? "aarch64-unknown-linux-gnu" : "x86_64-pc-linux-gnu";
const DAYS = 86_400;

/** Each as an element, one after the other. */
const elements = (of: Record<string, string | number>): string =>
  Object.entries(of)
    .map(([name, value]) => `<${name}>${value}</${name}>\n`)
    .join("");

function task(index: number, now: number): string {
  const name = `task-${index}`;
  const size = { rsc_fpops_est: 1e15, rsc_fpops_bound: 1e18, rsc_memory_bound: 1e7, rsc_disk_bound: 1e9 };
  const times = { report_deadline: now + 10 * DAYS, received_time: now };
  const version = { platform, version_num: 100 };
  const unit = elements({ name, app_name: "sleep", version_num: 100, ...size });
  const result = elements({ name: `${name}_0`, wu_name: name, ...version, state: 2, ...times });
  return elements({ workunit: unit, result });
}

/** What the client reads when it starts. */
function stateOf(tasks: number): string {
  const now = Math.floor(Date.now() / 1000);
  const host = { p_ncpus: 2, p_fpops: 1e9, p_iops: 1e9, p_membw: 1e9, p_calculated: now };
  const file = `${elements({ name: "sleep_1", status: 1 })}<executable/>`;
  const main = "<file_ref><file_name>sleep_1</file_name><main_program/></file_ref>";
  const version =
    elements({ app_name: "sleep", version_num: 100, platform, avg_ncpus: 0.001, flops: 1e9 }) + main;
  const parts = {
    host_info: elements(host),
    project: `${elements({ master_url: MASTER, project_name: "bench" })}<dont_request_more_work/>`,
  };
  const all = Array.from({ length: tasks }, (_, i) => task(i, now)).join("");
  return elements({
    client_state: `${elements(parts)}${APP}${elements({ file, app_version: version })}${all}`,
  });
}

function folderWith(tasks: number): string {
  const directory = folder("boinc");
  const project = join(directory, "projects/127.0.0.1_bench");
  mkdirSync(project, { recursive: true });
  mkdirSync(join(directory, "slots"));
  writeFileSync(join(project, "sleep_1"), "#!/bin/sh\nexec /bin/sleep 100000\n", { mode: 0o755 });
  const file = "<file_info><name>sleep_1</name><executable/></file_info>";
  const main = "<file_ref><file_name>sleep_1</file_name><main_program/></file_ref>";
  const version = elements({ app_name: "sleep", version_num: 100, avg_ncpus: 0.001 }) + main;
  const write = (name: string, text: string): void => writeFileSync(join(directory, name), text);
  writeFileSync(
    join(project, "app_info.xml"),
    elements({ app_info: `${APP}${file}${elements({ app_version: version })}` }),
  );
  write("account_127.0.0.1_bench.xml", elements({ account: elements({ master_url: MASTER }) }));
  // The rule stays, but is never met: the machine is used by others while this runs.
  const preferences = elements({ run_if_user_active: 1, suspend_cpu_usage: 100, disk_max_used_pct: 100 });
  write("global_prefs_override.xml", elements({ global_preferences: preferences }));
  // As many as it may have at a time.
  write("cc_config.xml", elements({ cc_config: elements({ options: elements({ ncpus: tasks }) }) }));
  write("client_state.xml", stateOf(tasks));
  return directory;
}

function start(directory: string): number {
  const options = ["--allow_multiple_clients", "--gui_rpc_unix_domain", "--no_info_fetch", "--no_gpus"];
  const more = ["--skip_cpu_benchmarks", "--unsigned_apps_ok", "--suppress_net_info"];
  const args = ["--dir", directory, ...options, ...more];
  return spawn("boinc", args, { stdio: "ignore", cwd: directory }).pid ?? 0;
}

export const boinc: Peer = {
  name: "BOINC",
  version: () => versionOf("boinc", "--version"),
  install: "apt install boinc-client",
  many: true,
  async begin(jobs): Promise<Begun> {
    const directory = folderWith(jobs);
    const pid = start(directory);
    await until("BOINC's tasks", () => sleepersOf(pid).length === jobs);
    return { pids: () => family(pid), close: async () => endAll(directory) };
  },
  async startUpMs() {
    const directory = folderWith(1);
    const began = performance.now();
    start(directory);
    const ask = "<boinc_gui_rpc_request>\n<auth1/>\n</boinc_gui_rpc_request>\n\u0003";
    await answer(join(directory, "boinc_socket"), ask);
    const took = performance.now() - began;
    endAll(directory);
    return took;
  },
};
