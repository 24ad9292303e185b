import { type IpAddress, parseIpAddress } from '#net/ip-address.ts';
import { type Prefix, parsePrefix } from '#net/prefix.ts';
import { unwrap } from '#runtime/result.ts';
import type { Reachable, UpdateMessage } from '../messages.ts';
import type { DecodeContext } from '../negotiated.ts';

/** Bytes written as hexadecimal; white space is for the reader. */
export const hex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text.replace(/\s+/g, ''), 'hex'));

/** Bytes as hexadecimal, for comparisons that print well. */
export const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

export const ip = (text: string): IpAddress => unwrap(parseIpAddress(text));
export const prefix = (text: string): Prefix => unwrap(parsePrefix(text));

/** A session with another AS that agreed on all we know. */
export const aContext = (differences: Partial<DecodeContext> = {}): DecodeContext => ({
  fourOctetAsn: true,
  maxMessageLength: 4_096,
  peerType: 'ebgp',
  families: ['IPv4', 'IPv6'],
  maxReceivedLength: differences.maxMessageLength ?? 4_096,
  ...differences,
});

/** The message of this type around a body, its length right. */
export function aFrame(type: number, body: Uint8Array): Uint8Array {
  const length = 19 + body.length;
  return Uint8Array.of(...new Uint8Array(16).fill(0xff), length >> 8, length & 0xff, type, ...body);
}

/** What an UPDATE has in its three fields, as hexadecimal. */
type UpdateFields = { readonly withdrawn?: string; readonly attributes?: string; readonly announced?: string };

/** The body of an UPDATE, its lengths right. */
export function anUpdateBody({ withdrawn = '', attributes = '', announced = '' }: UpdateFields): Uint8Array {
  const fields = [hex(withdrawn), hex(attributes), hex(announced)] as const;
  const length = (field: Uint8Array): number[] => [field.length >> 8, field.length & 0xff];
  return Uint8Array.of(...length(fields[0]), ...fields[0], ...length(fields[1]), ...fields[1], ...fields[2]);
}

/** An UPDATE that announces. */
export const anAnnouncement = (group: Partial<Reachable> = {}): UpdateMessage => ({
  kind: 'update',
  unreachable: [],
  reachable: [
    {
      family: 'IPv4',
      prefixes: [prefix('192.0.2.53/32')],
      nextHop: ip('10.0.0.1'),
      attributes: { origin: 'IGP', asPath: [64_500] },
      ...group,
    },
  ],
  faults: [],
});
