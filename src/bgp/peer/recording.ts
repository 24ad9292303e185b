import type { Event, State, TimerName } from '#bgp/fsm/events.ts';
import type { FsmSettings, Session } from '#bgp/fsm/session.ts';
import type { SocketAddress } from '#linux/byte-stream.ts';
import type { OpenVerdict } from './connection.ts';

/**
 * What came into a connection's machine from outside, in order, and what came out of it. With the former the machine does the same
 * again, whatever time it is: timers and chance are among it.
 */
export type Recorded =
  /** In: a machine begins. */
  | { readonly event: 'begins'; readonly session: Session; readonly settings: FsmSettings }
  /** In: the settings from now on. */
  | { readonly event: 'settings'; readonly settings: FsmSettings }
  /** In: the owner lets this happen. */
  | { readonly event: 'told'; readonly what: Event; readonly rival?: true }
  /** In: a timer fired. */
  | { readonly event: 'timer'; readonly timer: TimerName }
  /** In: there is a connection, which we or the router opened. */
  | { readonly event: 'connected' | 'accepted'; readonly local: SocketAddress; readonly remote: SocketAddress }
  /** In: there is none. */
  | { readonly event: 'unreachable'; readonly reason: string }
  /** In: bytes arrived. `rival`, here and where the owner tells: another connection with the router is open. */
  | { readonly event: 'received'; readonly bytes: Uint8Array; readonly rival?: true }
  /** In: what an OPEN that arrived means beside another connection. */
  | { readonly event: 'collision'; readonly verdict: OpenVerdict }
  /** In: an OPEN that had to wait is looked at again. */
  | { readonly event: 'resumed' }
  /** In: the connection ended. */
  | { readonly event: 'closed'; readonly reason: string }
  /** Out: what the machine wrote. */
  | { readonly event: 'sent'; readonly bytes: Uint8Array }
  /** Beside it: UPDATEs and ROUTE-REFRESHes that the owner wrote. */
  | { readonly event: 'wrote'; readonly bytes: Uint8Array }
  /** Out: the state was reached. */
  | { readonly event: 'state'; readonly state: State; readonly error: string };

/** Where and when something was recorded. */
export type RecordedAt = {
  /** Milliseconds on the recording process's clock. */
  readonly ms: number;
  /** Name of the peer. */
  readonly peer: string;
  /** Number of the connection among those with the peer. */
  readonly connection: number;
};

/** Takes what is recorded. */
export type Record = (recorded: RecordedAt & Recorded) => void;

/** One line of a recording: JSON, bytes as hexadecimal text. */
export const recordingLine = (recorded: RecordedAt & Recorded): string =>
  JSON.stringify('bytes' in recorded ? { ...recorded, bytes: Buffer.from(recorded.bytes).toString('hex') } : recorded);

/** Reads a line that `recordingLine` wrote. */
export function parseRecordingLine(line: string): RecordedAt & Recorded {
  const parsed = JSON.parse(line);
  return 'bytes' in parsed ? { ...parsed, bytes: new Uint8Array(Buffer.from(parsed.bytes, 'hex')) } : parsed;
}
