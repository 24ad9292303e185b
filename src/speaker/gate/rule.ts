/**
 * gate — when a route that this node was told to announce is announced.
 *
 * Pure: time is an argument, and what is to be asked of the node's proxy is returned. Going up waits until the node forwards
 * packets for the service; going down never waits. A route that went up stays up: neither its attributes nor its gate make it
 * wait again. What a person said here (isolate, withdraw) wins over whatever an operator says.
 * May not happen here: I/O, sessions, next hops.
 */
import type { AddressFamily } from '#net/ip-address.ts';
import { type HealthPort, healthPort } from '#probe/health-port.ts';
import type { DataPlaneGate } from '#state/entry.ts';
import type { ReasonCode } from '#state/reasons.ts';

/** What is known about one route's way up. */
export type Passage = {
  /** The node forwarded packets for it at least once since the kernel started: valid until the entry is removed. */
  readonly passed: boolean;
  /** When an operator, or the file, first said in this boot that it shall be announced, monotonic milliseconds. Absent: only the disk says so. */
  readonly orderedAtMs?: number;
};

/** What is so for all routes of the node. */
export type NodeGate = {
  /** A person isolated this speaker: it announces nothing. */
  readonly isolated: boolean;
  /** Families in which a health-check port has answered on this node since the kernel started: `Auto` relies on them. */
  readonly portsAnswer: ReadonlySet<AddressFamily>;
};

/** What the gate says about one route. */
export type Judgement = {
  readonly wanted: boolean;
  /** Why it is not wanted; absent when it is. */
  readonly reason?: ReasonCode;
  /** The data plane is proved now: the passage is to be remembered. */
  readonly passes: boolean;
  /** The health-check port whose verdict this route waits for. */
  readonly askPort?: HealthPort;
  /** When time alone will change the judgement, monotonic milliseconds. */
  readonly wakeAtMs?: number;
};

/** A route, what was learnt of it, and whether a person withdrew it at the admin socket. */
export type Judged = {
  readonly family: AddressFamily;
  readonly gate: DataPlaneGate;
  readonly passage: Passage;
  readonly withdrawn: boolean;
};

/** Judges one route. */
export function judge({ withdrawn, ...route }: Judged, node: NodeGate, nowMs: number): Judgement {
  const way = dataPlane(route, node, nowMs);
  // Waiting goes on while a person holds the route back: when they let it go, nothing is left to wait for.
  if (node.isolated) return { ...way, wanted: false, reason: 'Isolated' };
  if (withdrawn) return { ...way, wanted: false, reason: 'WithdrawnLocally' };
  return way;
}

function dataPlane({ family, gate, passage }: Omit<Judged, 'withdrawn'>, node: NodeGate, nowMs: number): Judgement {
  if (passage.passed) return { wanted: true, passes: true };
  const waiting = { wanted: false, reason: 'WaitingForDataPlane', passes: false } as const;
  const port = gate.mode === 'Delay' ? undefined : gate.healthCheckNodePort;
  const asked = port === undefined ? waiting : { ...waiting, askPort: healthPort(family, port) };
  if (port !== undefined && (gate.mode === 'HealthCheckNodePort' || node.portsAnswer.has(family))) return asked;
  // Kept from before a restart of the node: time alone proves nothing until an operator says it again.
  if (passage.orderedAtMs === undefined) return asked;
  const dueMs = passage.orderedAtMs + gate.announceDelayMs;
  return nowMs >= dueMs ? { wanted: true, passes: true } : { ...asked, wakeAtMs: dueMs };
}
