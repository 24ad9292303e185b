import { type Asn, asTrans } from '#net/asn.ts';
import { err, ok, type Result } from '#runtime/result.ts';
import type { Malformed } from './errors.ts';
import { limits } from './limits.ts';
import { Reader } from './reader.ts';
import { Writer } from './writer.ts';

/** RFC 4271 §4.3 and RFC 5065 §3. */
const segmentType = { asSet: 1, asSequence: 2, confedSequence: 3, confedSet: 4 } as const;

/** What a path may hold beside AS_SEQUENCEs. */
type PathOptions = {
  /** 2 or 4 octets for each AS number. */
  readonly asnOctets: 2 | 4;
  /** RFC 6793 §3: confederation sequences do not belong into AS4_PATH, and are taken out of it without complaint. */
  readonly skipConfedSequences: boolean;
};

/** Reads AS_PATH or AS4_PATH, with RFC 7606 §7.2's checks. AS_SETs are refused (RFC 9774), and so is AS 0 (RFC 7607). */
export function decodeAsPath(value: Uint8Array, { asnOctets, skipConfedSequences }: PathOptions): Result<Asn[], Malformed> {
  const reader = new Reader(value);
  const path: Asn[] = [];
  while (reader.remaining > 0) {
    const type = reader.u8();
    const count = reader.u8();
    const segment = new Reader(reader.take(count * asnOctets));
    if (reader.failed) return err({ message: 'a segment is longer than what is left of it' });
    if (count === 0) return err({ message: 'a segment is empty' });
    if (type === segmentType.asSet || type === segmentType.confedSet) {
      return err({ message: 'has an AS_SET, which RFC 9774 forbids', verdict: 'withdraw', clause: 'RFC 9774 §3' });
    }
    if (type === segmentType.confedSequence && skipConfedSequences) continue;
    if (type !== segmentType.asSequence) return err({ message: `has a segment of type ${type}` });
    while (segment.remaining > 0) path.push(asnOctets === 4 ? segment.u32() : segment.u16());
  }
  return path.includes(0) ? err({ message: 'has AS 0, which is reserved', clause: 'RFC 7607 §2' }) : ok(path);
}

/** Writes the path as AS_SEQUENCEs; an AS that does not fit into two octets becomes AS_TRANS. */
export function encodeAsPath(path: readonly Asn[], asnOctets: 2 | 4): Uint8Array {
  const writer = new Writer();
  for (let start = 0; start < path.length; start += limits.segmentAsns) {
    const segment = path.slice(start, start + limits.segmentAsns);
    writer.u8(segmentType.asSequence).u8(segment.length);
    for (const asn of segment) {
      if (asnOctets === 4) writer.u32(asn);
      else writer.u16(asInTwoOctets(asn));
    }
  }
  return writer.finish();
}

/** Whether the AS has no two-octet form of its own. */
export const needsFourOctets = (asn: Asn): boolean => asn > 0xffff;

/** RFC 6793 §4.2.2. */
export const asInTwoOctets = (asn: Asn): Asn => (needsFourOctets(asn) ? asTrans : asn);

/** RFC 6793 §4.2.3: the true path of a route that passed routers with two-octet AS numbers. */
export function mergeAs4Path(asPath: readonly Asn[], as4Path: readonly Asn[] = []): readonly Asn[] {
  if (asPath.length < as4Path.length) return asPath;
  return [...asPath.slice(0, asPath.length - as4Path.length), ...as4Path];
}
