import type { TimerName } from '#bgp/fsm/events.ts';
import type { ByteStream, Connector, SocketAddress } from '#linux/byte-stream.ts';
import { err, ok, type Result } from '#runtime/result.ts';
import { VirtualClock } from '#runtime/virtual-clock.ts';
import { Connection, type OpenVerdict } from '../connection.ts';
import { parseRecordingLine, type Recorded, type RecordedAt } from '../recording.ts';
import { MemoryEnd } from './memory-end.ts';

/** What came out of a connection's machine: `OpenSent: error`, `sent ffff…`. */
export type Outputs = readonly string[];

/** Feeds one recorded connection into a machine of today. */
class Replay {
  readonly outputs: string[] = [];
  readonly #clock = new VirtualClock();
  readonly #verdicts: OpenVerdict[];
  #connection: Connection | undefined;
  #stream: MemoryEnd | undefined;
  #expired: ((timer: TimerName) => void) | undefined;
  #connected: ((result: Result<ByteStream, string>) => void) | undefined;
  #rival = false;

  constructor(recorded: readonly Recorded[]) {
    this.#verdicts = recorded.flatMap((entry) => (entry.event === 'collision' ? [entry.verdict] : []));
  }

  /** Moves the clock and lets happen what came in; what came out is for comparison. */
  take(recorded: Recorded & RecordedAt, firstMs: number): void {
    this.#clock.advance(Math.max(0, recorded.ms - firstMs - this.#clock.nowMs()));
    this.#rival = 'rival' in recorded && recorded.rival === true;
    switch (recorded.event) {
      case 'begins':
        this.#connection = this.#make(recorded);
        break;
      case 'settings':
        this.#connection?.configure(recorded.settings);
        break;
      case 'told':
        this.#connection?.dispatch(recorded.what);
        break;
      case 'timer':
        this.#expired?.(recorded.timer);
        break;
      case 'connected':
        this.#connected?.(ok(this.#open(recorded)));
        break;
      case 'accepted':
        this.#connection?.accept(this.#open(recorded));
        break;
      case 'unreachable':
        this.#connected?.(err(recorded.reason));
        break;
      case 'received':
        this.#stream?.deliver(recorded.bytes);
        break;
      case 'resumed':
        this.#connection?.resume();
        break;
      case 'closed':
        this.#stream?.close(recorded.reason);
        break;
    }
  }

  #make({ settings, session }: Extract<Recorded, { event: 'begins' }>): Connection {
    const connector: Connector = {
      connect: (_target, done) => {
        this.#connected = done;
        return { cancel: () => undefined };
      },
    };
    return new Connection(
      settings,
      {
        clock: this.#clock,
        random: () => 0.5,
        connector,
        target: { address: '', port: 0 },
        hasRival: () => this.#rival,
        timers: (expired) => {
          this.#expired = expired;
          return { start: () => undefined, stop: () => undefined };
        },
        record: (entry) => this.outputs.push(...outputOf(entry)),
      },
      {
        changed: () => undefined,
        update: () => undefined,
        refresh: () => undefined,
        drained: () => undefined,
        collides: () => this.#verdicts.shift() ?? 'answer',
      },
      session,
    );
  }

  #open(ends: { readonly local: SocketAddress; readonly remote: SocketAddress }): MemoryEnd {
    this.#stream = new MemoryEnd(ends);
    return this.#stream;
  }
}

function outputOf(recorded: Recorded): Outputs {
  if (recorded.event === 'sent') return [`sent ${Buffer.from(recorded.bytes).toString('hex')}`];
  if (recorded.event === 'state') return [recorded.error === '' ? recorded.state : `${recorded.state}: ${recorded.error}`];
  return [];
}

/**
 * Plays a recording again: for each of its connections what the machine did, and what that of today does with the same bytes,
 * timers and decisions.
 */
export function replay(lines: readonly string[]): { readonly name: string; readonly recorded: Outputs; readonly replayed: Outputs }[] {
  const recorded = lines.map(parseRecordingLine);
  const connections = Map.groupBy(recorded, ({ peer, connection }) => `${peer} ${connection}`);
  return Array.from(connections, ([name, entries]) => {
    const player = new Replay(entries);
    for (const entry of entries) player.take(entry, entries[0]?.ms ?? 0);
    return { name, recorded: entries.flatMap(outputOf), replayed: player.outputs };
  });
}
