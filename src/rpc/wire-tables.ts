import type { AddressFamily } from '#net/ip-address.ts';
import type { DataPlaneGate } from '#state/entry.ts';
import type { LeaveAnswer } from '#state/messages.ts';
import { type ReasonCode, reasons } from '#state/reasons.ts';
import type { PeerRole, SessionOptions } from '#state/session-options.ts';
import type { SessionState } from '#state/truth.ts';
import * as wire from './generated/anycast/speaker/v1/speaker.ts';

/** A word of ours and its number on the wire, both ways. */
type WireTable<Word extends string, Value extends number> = {
  toWire(word: Word): Value;
  /** Undefined for a number that this version does not know, and for the number 0, which says nothing. */
  fromWire(value: number): Word | undefined;
  /** All words, for messages to people. */
  readonly words: readonly Word[];
};

function wireTable<Word extends string, Value extends number>(values: Readonly<Record<Word, Value>>): WireTable<Word, Value> {
  const words = Object.keys(values) as Word[];
  const byValue = new Map<number, Word>(words.map((word) => [values[word], word]));
  return { toWire: (word) => values[word], fromWire: (value) => byValue.get(value), words };
}

export const families = wireTable<AddressFamily, wire.AddressFamily>({
  IPv4: wire.AddressFamily.IPV4,
  IPv6: wire.AddressFamily.IPV6,
});

export const sessionStates = wireTable<SessionState, wire.SessionState>({
  Idle: wire.SessionState.IDLE,
  Connect: wire.SessionState.CONNECT,
  Active: wire.SessionState.ACTIVE,
  OpenSent: wire.SessionState.OPEN_SENT,
  OpenConfirm: wire.SessionState.OPEN_CONFIRM,
  Established: wire.SessionState.ESTABLISHED,
});

export const gateModes = wireTable<DataPlaneGate['mode'], wire.DataPlaneGateMode>({
  Auto: wire.DataPlaneGateMode.AUTO,
  HealthCheckNodePort: wire.DataPlaneGateMode.HEALTH_CHECK_NODE_PORT,
  Delay: wire.DataPlaneGateMode.DELAY,
});

export const peerRoles = wireTable<PeerRole, wire.PeerRole>({
  Provider: wire.PeerRole.PROVIDER,
  RouteServer: wire.PeerRole.ROUTE_SERVER,
  RouteServerClient: wire.PeerRole.ROUTE_SERVER_CLIENT,
  Customer: wire.PeerRole.CUSTOMER,
  Peer: wire.PeerRole.PEER,
});

export const tcpAoAlgorithms = wireTable<NonNullable<SessionOptions['tcpAo']>['algorithm'], wire.TcpAoAlgorithm>({
  'HMAC-SHA-1-96': wire.TcpAoAlgorithm.HMAC_SHA_1_96,
  'AES-128-CMAC-96': wire.TcpAoAlgorithm.AES_128_CMAC_96,
});

export const leaveActions = wireTable<LeaveAnswer['action'], wire.LeaveAction>({
  withdraw: wire.LeaveAction.WITHDRAW,
  restart: wire.LeaveAction.RESTART,
  stay: wire.LeaveAction.STAY,
});

/** A reason as it was read. Reasons explain and decide nothing, so one from a newer version is no reason to refuse a message. */
export const reasonFromWire = (text: string): ReasonCode => (Object.hasOwn(reasons, text) ? (text as ReasonCode) : 'ReasonNotKnown');
