import type { Socket } from 'node:net';
import { realClock } from '#runtime/clock.ts';
import type { SessionCounts } from './sink-messages.ts';

const headerOctets = 19;
const type = { open: 1, update: 2, keepalive: 4, routeRefresh: 5 } as const;

/** What a session tells its sink. */
export type SessionEvents = {
  /** Prefixes were announced or withdrawn, after each piece that was read. */
  readonly counted: () => void;
  /** An UPDATE withdrew one prefix and nothing else. */
  readonly withdrawn: (prefix: string, atMs: number) => void;
};

/** The receiving end of one session: answers what keeps it up, counts prefixes, and keeps none of them. */
export class CountingSession {
  readonly #socket: Socket;
  readonly #events: SessionEvents;
  readonly #open: Buffer;
  #rest: Buffer = Buffer.alloc(0);
  #keepaliveMs = Number.NaN;
  counts: { -readonly [K in keyof SessionCounts]: SessionCounts[K] } = { ...nothing, establishedMs: Number.NaN };

  constructor(socket: Socket, open: Buffer, events: SessionEvents) {
    this.#socket = socket;
    this.#open = open;
    this.#events = events;
    socket.setNoDelay(true);
    socket.on('data', (bytes) => this.#read(bytes));
    socket.on('error', () => undefined);
  }

  /** Counts from nothing; the session itself goes on. */
  reset(): void {
    this.counts = { ...nothing, establishedMs: this.counts.establishedMs };
  }

  keepalive(): void {
    this.#socket.write(message(type.keepalive, []));
  }

  /** Asks for all routes of IPv4 unicast. */
  refresh(): void {
    this.#socket.write(message(type.routeRefresh, [0, 1, 0, 1]));
  }

  #read(piece: Buffer): void {
    const bytes = this.#rest.length === 0 ? piece : Buffer.concat([this.#rest, piece]);
    const before = this.counts.announced + this.counts.withdrawn;
    let at = 0;
    while (bytes.length - at >= headerOctets) {
      const end = at + bytes.readUInt16BE(at + 16);
      if (end > bytes.length) break;
      this.#take(bytes, at, end);
      at = end;
    }
    this.#rest = bytes.subarray(at);
    if (this.counts.announced + this.counts.withdrawn === before) return;
    this.#events.counted();
  }

  #take(bytes: Buffer, start: number, end: number): void {
    const kind = bytes[start + 18];
    if (kind === type.update) this.#takeUpdate(bytes, start, end);
    else if (kind === type.keepalive) this.#takeKeepalive();
    else if (kind === type.open) this.#socket.write(Buffer.concat([this.#open, message(type.keepalive, [])]));
  }

  #takeKeepalive(): void {
    const nowMs = realClock.nowMs();
    if (Number.isNaN(this.#keepaliveMs)) this.counts.establishedMs = nowMs;
    else this.counts.longestKeepaliveGapMs = Math.max(this.counts.longestKeepaliveGapMs, nowMs - this.#keepaliveMs);
    this.#keepaliveMs = nowMs;
  }

  #takeUpdate(bytes: Buffer, start: number, end: number): void {
    const { counts } = this;
    const withdrawnAt = start + headerOctets + 2;
    const attributesAt = withdrawnAt + bytes.readUInt16BE(withdrawnAt - 2) + 2;
    const attributeOctets = bytes.readUInt16BE(attributesAt - 2);
    const withdrawn = countPrefixes(bytes, withdrawnAt, attributesAt - 2);
    const announced = countPrefixes(bytes, attributesAt + attributeOctets, end);
    counts.octets += end - start;
    if (end - start === headerOctets + 4) {
      counts.endOfRibMs = realClock.nowMs();
      counts.announcedBeforeEndOfRib = counts.announced;
      return;
    }
    counts.lastPrefixMs = realClock.nowMs();
    counts.updates += 1;
    counts.withdrawn += withdrawn;
    counts.announced += announced;
    if (announced > 0) counts.attributeOctets = attributeOctets;
    if (withdrawn === 1 && announced === 0) this.#events.withdrawn(prefixText(bytes, withdrawnAt), realClock.nowMs());
  }
}

const nothing: Omit<SessionCounts, 'establishedMs'> = {
  announced: 0,
  withdrawn: 0,
  updates: 0,
  octets: 0,
  attributeOctets: 0,
  lastPrefixMs: Number.NaN,
  endOfRibMs: Number.NaN,
  announcedBeforeEndOfRib: 0,
  longestKeepaliveGapMs: 0,
};

/** A message with its header. */
export function message(kind: number, body: readonly number[]): Buffer {
  const bytes = Buffer.alloc(headerOctets + body.length, 0xff);
  bytes.writeUInt16BE(bytes.length, 16);
  bytes[18] = kind;
  bytes.set(body, headerOctets);
  return bytes;
}

function countPrefixes(bytes: Buffer, from: number, to: number): number {
  let count = 0;
  for (let at = from; at < to; at += 1 + (((bytes[at] ?? 0) + 7) >> 3)) count += 1;
  return count;
}

function prefixText(bytes: Buffer, at: number): string {
  const length = bytes[at] ?? 0;
  const octets = [0, 1, 2, 3].map((index) => (index < (length + 7) >> 3 ? bytes[at + 1 + index] : 0));
  return `${octets.join('.')}/${length}`;
}
