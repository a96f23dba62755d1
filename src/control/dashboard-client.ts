/**
 * What the dashboard needs of the control socket, and no more: snapshots in, requests out. Implemented
 * over the socket by client.ts, and over a timer by tests and benchmarks. show/ must not reach the
 * supervisor in any other way.
 */
import type { Answer, Request, Snapshot } from "./protocol.ts";

export interface DashboardClient {
  /** Called with every snapshot pushed; one that is known already is delivered at once. One listener. */
  onSnapshot(listener: (snapshot: Snapshot) => void): void;
  /** Called once each time the connection is lost, with a reason for people. One listener. */
  onClose(listener: (reason: string) => void): void;
  /** Called with its pid each time the supervisor's process is found stopped (Ctrl-Z or SIGSTOP). One listener. */
  onStopped(listener: (pid: number) => void): void;
  /** Resolves with the answer, also a refusal; rejects when the connection is lost before it. */
  request(request: Request): Promise<Answer>;
  /** One try to connect and watch again after a loss; rejects when nobody answers. */
  reconnect(): Promise<void>;
  /** Ends the connection; nothing is called any more. The supervisor and its jobs go on. */
  close(): void;
}
