import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Namespace } from './netns.ts';
import type { Scope } from './scope.ts';
import { tempFolder } from './temp-folder.ts';

/** A BGP message as it passed on the wire. */
export type CapturedMessage = {
  /** When the kernel saw the segment that completes it, in milliseconds since 1970, with microseconds. */
  readonly timeMs: number;
  /** Sender and receiver as `ADDRESS.PORT`, in hexadecimal for IPv6. */
  readonly from: string;
  readonly to: string;
  readonly type: 'OPEN' | 'UPDATE' | 'END-OF-RIB' | 'NOTIFICATION' | 'KEEPALIVE' | 'ROUTE-REFRESH' | 'UNKNOWN';
  /** The whole message with its header, for a decoder. */
  readonly bytes: Uint8Array;
};

/** A running capture. */
export type Capture = {
  /**
   * All messages that passed since the capture began, in order. Counts messages, not segments: several may share one, and one
   * may span several. Throws when a segment is missing in the capture, rather than miscount.
   */
  messages(): CapturedMessage[];
  /** Connections that somebody asked for since then, whether or not there was an answer: segments with SYN to the port. */
  connections(): number;
};

const types = ['UNKNOWN', 'OPEN', 'UPDATE', 'NOTIFICATION', 'KEEPALIVE', 'ROUTE-REFRESH'] as const;
const headerLength = 19;

/** Captures the BGP traffic on a device of a namespace until the scope closes; returns when it captures. */
export async function startCapture(scope: Scope, namespace: Namespace, device = 'eth0', port = 179): Promise<Capture> {
  const file = join(tempFolder(scope, 'capture'), 'bgp.pcap');
  // As root it would drop its rights and then could not write into our folder.
  // In immediate mode each packet takes a slot of the greatest length: the default buffer has a dozen.
  const buffer = ['-s', '66000', '-B', '65536'];
  const options = ['-Z', 'root', '--immediate-mode', '-U', '-n', ...buffer, '-i', device, '-w', file];
  const tcpdump = namespace.start(scope, `tcpdump in ${namespace.name}`, ['tcpdump', ...options, `tcp port ${port}`]);
  await tcpdump.waitForOutput(/listening on/);
  return {
    messages: () => parseCapture(readFileSync(file)),
    connections: () => [...segmentsOf(readFileSync(file))].filter(({ segment: { opens, to } }) => opens && to.endsWith(`.${port}`)).length,
  };
}

/** `early`: segments behind a gap. */
type Stream = { next: number; pending: Buffer; readonly early: Segment[] };
type Segment = { readonly from: string; readonly to: string; readonly sequence: number; readonly opens: boolean; readonly payload: Buffer };

/** Reads a capture in tcpdump's own format (little-endian, microseconds, Ethernet) and reassembles each direction of each connection. */
export function parseCapture(file: Buffer): CapturedMessage[] {
  const messages: CapturedMessage[] = [];
  const streams = new Map<string, Stream>();
  for (const { timeMs, segment } of segmentsOf(file)) {
    const { from, to } = segment;
    for (const bytes of receive(streams, segment)) messages.push({ timeMs, from, to, type: typeOf(bytes), bytes });
  }
  for (const [key, { early, next }] of streams) {
    const [first] = early;
    if (first) throw new Error(`the capture of ${key} misses ${(first.sequence - next) | 0} octets: tcpdump could not keep up`);
  }
  return messages;
}

/** TCP segments in the order of the file. */
function* segmentsOf(file: Buffer): Generator<{ readonly timeMs: number; readonly segment: Segment }> {
  for (let at = 24; at + 16 <= file.length; ) {
    const timeMs = file.readUInt32LE(at) * 1_000 + file.readUInt32LE(at + 4) / 1_000;
    const end = at + 16 + file.readUInt32LE(at + 8);
    // The last packet may be half written yet.
    if (end > file.length) break;
    const segment = parseSegment(file.subarray(at + 16, end));
    at = end;
    if (segment) yield { timeMs, segment };
  }
}

/** Adds a segment to its stream and takes out the messages that are complete. Two processors may have written segments in the wrong order. */
function receive(streams: Map<string, Stream>, segment: Segment): Buffer[] {
  const { from, to, sequence, opens } = segment;
  const key = `${from} > ${to}`;
  const known = opens ? undefined : streams.get(key);
  const stream = known ?? { next: opens ? (sequence + 1) >>> 0 : sequence, pending: Buffer.alloc(0), early: [] };
  streams.set(key, stream);
  if (opens || segment.payload.length === 0) return [];
  stream.early.push(segment);
  for (let next = takeFitting(stream); next; next = takeFitting(stream)) {
    const { payload } = next;
    const repeated = (stream.next - next.sequence) | 0;
    if (repeated >= payload.length) continue;
    stream.pending = Buffer.concat([stream.pending, payload.subarray(repeated)]);
    stream.next = (next.sequence + payload.length) >>> 0;
  }
  return completeMessages(stream, key);
}

/** Takes out a segment that begins where the stream ends, or before. */
function takeFitting({ next, early }: Stream): Segment | undefined {
  const at = early.findIndex(({ sequence }) => ((next - sequence) | 0) >= 0);
  return at < 0 ? undefined : early.splice(at, 1)[0];
}

function completeMessages(stream: Stream, key: string): Buffer[] {
  const complete: Buffer[] = [];
  while (stream.pending.length >= headerLength) {
    const length = stream.pending.readUInt16BE(16);
    if (length < headerLength) throw new Error(`${key}: a BGP message of ${length} octets, or the capture began within a message`);
    if (stream.pending.length < length) break;
    complete.push(stream.pending.subarray(0, length));
    stream.pending = stream.pending.subarray(length);
  }
  return complete;
}

/** The TCP segment in an Ethernet frame, IPv4 or IPv6 without extension headers. */
function parseSegment(frame: Buffer): Segment | undefined {
  const family = frame.readUInt16BE(12);
  const packet = frame.subarray(14);
  if (family !== 0x0800 && family !== 0x86dd) return undefined;
  const v4 = family === 0x0800;
  const header = v4 ? ((packet[0] ?? 0) & 0x0f) * 4 : 40;
  const end = v4 ? packet.readUInt16BE(2) : 40 + packet.readUInt16BE(4);
  const address = (at: number) => (v4 ? packet.subarray(at, at + 4).join('.') : packet.subarray(at, at + 16).toString('hex'));
  const tcp = packet.subarray(header, end);
  return {
    from: `${address(v4 ? 12 : 8)}.${tcp.readUInt16BE(0)}`,
    to: `${address(v4 ? 16 : 24)}.${tcp.readUInt16BE(2)}`,
    sequence: tcp.readUInt32BE(4),
    opens: (tcp.readUInt8(13) & 0x02) !== 0,
    payload: tcp.subarray((tcp.readUInt8(12) >> 4) * 4),
  };
}

/** End-of-RIB (RFC 4724 §2): an empty UPDATE, or one whose only attribute is an MP_UNREACH_NLRI (15) without prefixes. */
function typeOf(message: Buffer): CapturedMessage['type'] {
  const type = types[message.readUInt8(18)] ?? 'UNKNOWN';
  if (type !== 'UPDATE') return type;
  const empty = message.length === 23;
  const withoutPrefixes = message.readUInt16BE(19) === 0 && message[24] === 15 && (message.length === 29 || message.length === 30);
  return empty || withoutPrefixes ? 'END-OF-RIB' : 'UPDATE';
}
