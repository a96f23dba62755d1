/**
 * What the dashboard needs from the control socket, and no more: snapshots in, requests out.
 * Implemented over the socket by control/client.ts, and over a timer by tests and benchmarks.
 * Nothing in show/ may reach the supervisor by any other way.
 */
import type { Answer, JobView, Request, Snapshot } from "../../control/protocol.ts";

export interface DashboardClient {
  /** Called with every snapshot pushed; one that is known already is delivered at once. One listener. */
  onSnapshot(listener: (snapshot: Snapshot) => void): void;
  /** Called once each time the connection is lost, with a reason for people. One listener. */
  onClose(listener: (reason: string) => void): void;
  /** Resolves with the answer, also a refusal; rejects when the connection is lost before it. */
  request(request: Request): Promise<Answer>;
  /** One try to connect and watch again after a loss; rejects when nobody answers. */
  reconnect(): Promise<void>;
  /** Ends the connection; nothing is called any more. The supervisor and its jobs go on. */
  close(): void;
}

export interface DashboardOptions {
  /** At most the last `maxBytes` of the job's log as text; rejects with a reason for people. */
  readLog: (job: JobView, maxBytes: number) => Promise<string>;
  /** Who asks, for the audit log: `user ana (dashboard)`; default the user's name. */
  by?: string;
}

/** `detached`: the supervisor goes on. `stopped`: it ended, by this dashboard's request or another's. */
export type DashboardEnd = "detached" | "stopped";
