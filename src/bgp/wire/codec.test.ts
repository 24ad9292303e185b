import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { decodeMessage } from './decode.ts';
import { encodeMessage } from './encode.ts';
import { Framer } from './framer.ts';
import { messages } from './testing/arbitraries.ts';
import { aContext, aFrame, anAnnouncement, hex, ip, prefix, toHex } from './testing/builders.ts';

const marker = 'ffffffffffffffffffffffffffffffff';

/** Lengths, AS numbers and flags that are likely to be where decoders stumble. */
const interestingOctets = [0, 1, 2, 3, 4, 0x0f, 0x10, 0x20, 0x40, 0x7f, 0x80, 0xc0, 0xfe, 0xff];

/** A message with some octets replaced, inserted or cut off. */
const damaged: fc.Arbitrary<Uint8Array> = fc
  .tuple(
    messages.map((message) => encodeMessage(message, aContext({ maxMessageLength: 65_535 }))),
    fc.array(fc.tuple(fc.nat(), fc.oneof(fc.constantFrom(...interestingOctets), fc.integer({ min: 0, max: 255 }))), { maxLength: 8 }),
    fc.option(fc.nat(), { freq: 3, nil: undefined }),
  )
  .map(([bytes, changes, cut]) => {
    const body = [...bytes.subarray(19)];
    for (const [at, octet] of changes) if (body.length > 0) body[at % body.length] = octet;
    const kept = cut === undefined ? body : body.slice(0, cut % (body.length + 1));
    return aFrame(bytes[18] ?? 0, Uint8Array.from(kept));
  });

describe('messages', () => {
  it('come back as they were, in any session', () => {
    fc.assert(
      fc.property(messages, fc.boolean(), (message, fourOctetAsn) => {
        const context = aContext({ fourOctetAsn, peerType: 'ibgp', maxMessageLength: 65_535 });
        expect(decodeMessage(encodeMessage(message, context), context)).toEqual({ ok: true, value: message });
      }),
    );
  });

  it('that are damaged are an answer, never a crash, and leave no trace of what lies beside them in memory', () => {
    fc.assert(
      fc.property(damaged, fc.boolean(), fc.boolean(), (bytes, fourOctetAsn, internal) => {
        const context = aContext({ fourOctetAsn, peerType: internal ? 'ibgp' : 'ebgp', maxMessageLength: 65_535 });
        const alone = decodeMessage(bytes, context);
        const surrounded = new Uint8Array(bytes.length + 64).fill(0xa5);
        surrounded.set(bytes, 32);
        expect(decodeMessage(surrounded.subarray(32, 32 + bytes.length), context)).toEqual(alone);
        if (!alone.ok) expect([1, 2, 3, 7]).toContain(alone.error.notification.code);
      }),
      { numRuns: 2_000 },
    );
  });

  it('that are no messages at all are an answer too', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        expect(decodeMessage(bytes, aContext()).ok).toBe(false);
        for (const type of [1, 2, 3, 4, 5]) decodeMessage(aFrame(type, bytes), aContext());
      }),
    );
  });

  it('once decoded do not change with the memory they came from', () => {
    fc.assert(
      fc.property(messages, (message) => {
        const context = aContext({ peerType: 'ibgp', maxMessageLength: 65_535 });
        const bytes = encodeMessage(message, context);
        const decoded = decodeMessage(bytes, context);
        bytes.fill(0);
        expect(decoded).toEqual({ ok: true, value: message });
      }),
    );
  });
});

describe('the bytes', () => {
  it('of a KEEPALIVE are a header', () => {
    expect(toHex(encodeMessage({ kind: 'keepalive' }, aContext()))).toBe(`${marker}001304`);
  });

  it('of a NOTIFICATION are code, subcode and data', () => {
    const message = { kind: 'notification', code: 6, subcode: 2, data: hex('02 6f6b') } as const;
    expect(toHex(encodeMessage(message, aContext()))).toBe(`${marker}0018030602026f6b`);
  });

  it('of a NOTIFICATION are cut where the router could not take them', () => {
    const encoded = encodeMessage({ kind: 'notification', code: 3, subcode: 9, data: new Uint8Array(5_000) }, aContext());
    expect(encoded).toHaveLength(4_096);
    expect(decodeMessage(encoded, aContext()).ok).toBe(true);
  });

  it('of a ROUTE-REFRESH are AFI, subtype, SAFI', () => {
    const message = { kind: 'routeRefresh', afi: 2, safi: 1, subtype: 1 } as const;
    expect(toHex(encodeMessage(message, aContext()))).toBe(`${marker}00170500020101`);
  });

  it('of an OPEN, as FRR and we send it', () => {
    const open = {
      kind: 'open',
      asn: 4_200_000_000,
      holdTimeS: 9,
      routerId: 0x0a000001,
      capabilities: [{ kind: 'multiprotocol', afi: 1, safi: 1 }, { kind: 'routeRefresh' }, { kind: 'fourOctetAsn', asn: 4_200_000_000 }],
    } as const;
    const bytes = `${marker}002d01 04 5ba0 0009 0a000001 10 02 0e 0104 0001 00 01 0200 4104 fa56ea00`;
    expect(toHex(encodeMessage(open, aContext()))).toBe(toHex(hex(bytes)));
  });

  it('of IPv4 routes: attributes by code, then the prefixes', () => {
    const update = anAnnouncement({
      prefixes: [prefix('192.0.2.53/32'), prefix('198.51.100.0/24'), prefix('0.0.0.0/0')],
      attributes: { origin: 'IGP', asPath: [64_500], med: 5, communities: [0xfbf40064, 0xfbf40001, 0xfbf40064], largeCommunities: [] },
    });
    const bytes = `${marker} 0047 02 0000 0026
      40 01 01 00
      40 02 06 02 01 0000fbf4
      40 03 04 0a000001
      80 04 04 00000005
      c0 08 08 fbf40001 fbf40064
      20 c0000235  18 c63364  00`;
    expect(toHex(encodeMessage(update, aContext()))).toBe(toHex(hex(bytes)));
  });

  it('of IPv6 routes: MP_REACH_NLRI comes first', () => {
    const update = anAnnouncement({
      family: 'IPv6',
      prefixes: [prefix('2001:db8::53/128'), prefix('2001:db8::/33')],
      nextHop: ip('2001:db8::1'),
      linkLocalNextHop: ip('fe80::1'),
      attributes: {
        origin: 'IGP',
        asPath: [],
        localPref: 100,
        largeCommunities: [
          [64_500, 2, 1],
          [64_500, 1, 2],
          [64_500, 2, 1],
        ],
      },
    });
    const bytes = `${marker} 007f 02 0000 0068
      80 0e 3c 0002 01 20 20010db8000000000000000000000001 fe800000000000000000000000000001 00
        80 20010db8000000000000000000000053  21 20010db800
      40 01 01 00
      40 02 00
      40 05 04 00000064
      c0 20 18 0000fbf40000000100000002 0000fbf40000000200000001`;
    expect(toHex(encodeMessage(update, aContext()))).toBe(toHex(hex(bytes)));
  });

  it('of IPv4 routes with an IPv6 next hop: MP_REACH_NLRI too, without NEXT_HOP (RFC 8950)', () => {
    const update = anAnnouncement({ nextHop: ip('2001:db8::1'), linkLocalNextHop: ip('fe80::1') });
    const bytes = `${marker} 0051 02 0000 003a
      80 0e 2a 0001 01 20 20010db8000000000000000000000001 fe800000000000000000000000000001 00 20 c0000235
      40 01 01 00  40 02 06 02 01 0000fbf4`;
    expect(toHex(encodeMessage(update, aContext()))).toBe(toHex(hex(bytes)));
    expect(decodeMessage(hex(bytes), aContext({ extendedNextHop: true }))).toEqual({ ok: true, value: update });
  });

  it('of routes with path identifiers have each before its prefix (RFC 7911)', () => {
    const update = anAnnouncement({ prefixes: [prefix('192.0.2.53/32'), prefix('192.0.2.53/32')], pathIds: [1, 0xffffffff] });
    const encoded = encodeMessage(update, aContext());
    expect(toHex(encoded)).toContain('0000000120c0000235ffffffff20c0000235');
    expect(decodeMessage(encoded, aContext({ addPath: ['IPv4'] }))).toEqual({ ok: true, value: update });
  });

  it('of withdrawals are in the field or attribute of their family', () => {
    const withdrawal = (family: 'IPv4' | 'IPv6', text: string) =>
      ({ kind: 'update', unreachable: [{ family, prefixes: [prefix(text)] }], reachable: [], faults: [] }) as const;
    expect(toHex(encodeMessage(withdrawal('IPv4', '192.0.2.53/32'), aContext()))).toBe(`${marker}001c02000520c00002350000`);
    expect(toHex(encodeMessage(withdrawal('IPv6', '2001:db8::/32'), aContext()))).toBe(`${marker}0022020000000b800f080002012020010db8`);
  });

  it('of End-of-RIB markers (RFC 4724 §2)', () => {
    const endOfRib = (family: 'IPv4' | 'IPv6') =>
      ({ kind: 'update', unreachable: [], reachable: [], endOfRib: family, faults: [] }) as const;
    expect(toHex(encodeMessage(endOfRib('IPv4'), aContext()))).toBe(`${marker}00170200000000`);
    expect(toHex(encodeMessage(endOfRib('IPv6'), aContext()))).toBe(`${marker}001d0200000006800f03000201`);
  });

  it('of an attribute of more than 255 octets have a length of two', () => {
    const communities = Array.from({ length: 64 }, (_, index) => index);
    const encoded = toHex(encodeMessage(anAnnouncement({ attributes: { origin: 'EGP', asPath: [], communities } }), aContext()));
    expect(encoded).toContain('d008010000000000');
  });

  it('have no attribute of no octets for a list of nothing (RFC 7606 §4)', () => {
    const none = new Uint8Array();
    const lists = { communities: [], largeCommunities: [], clusterList: [], extendedCommunities: none, ipv6ExtendedCommunities: none };
    const attributes = { origin: 'IGP', asPath: [] } as const;
    expect(encodeMessage(anAnnouncement({ attributes: { ...attributes, ...lists } }), aContext())).toEqual(
      encodeMessage(anAnnouncement({ attributes }), aContext()),
    );
  });

  it('of an attribute that we do not know say Partial', () => {
    const unknown = [{ code: 99, value: hex('0102') }];
    const encoded = toHex(encodeMessage(anAnnouncement({ attributes: { origin: 'IGP', asPath: [], unknown } }), aContext()));
    expect(encoded).toContain('e063020102');
  });

  it('never mix groups, and never make a message too long: these are bugs of the caller', () => {
    const one = anAnnouncement();
    expect(() => encodeMessage({ ...one, unreachable: [{ family: 'IPv4', prefixes: [] }] }, aContext())).toThrow('one group');
    expect(() => encodeMessage({ ...one, reachable: [] }, aContext())).toThrow('one group');
    const many = Array.from({ length: 900 }, () => prefix('192.0.2.53/32'));
    expect(() => encodeMessage(anAnnouncement({ prefixes: many }), aContext())).toThrow('fits into a message');
  });
});

describe('the framer', () => {
  /** All frames that the pieces give, as hexadecimal. */
  function framesOf(pieces: readonly Uint8Array[], maxMessageLength = 4_096): string[] {
    const framer = new Framer();
    const frames: string[] = [];
    for (const piece of pieces) {
      framer.push(piece);
      for (let frame = framer.next(maxMessageLength); frame !== undefined; frame = framer.next(maxMessageLength)) {
        if (!frame.ok) return [...frames, `${frame.error.notification.code}/${frame.error.notification.subcode}`];
        frames.push(toHex(frame.value));
      }
    }
    return frames;
  }

  it('gives the same messages however TCP cuts them', () => {
    fc.assert(
      fc.property(fc.array(messages, { maxLength: 5 }), fc.array(fc.nat({ max: 400 })), (all, cuts) => {
        const context = aContext({ maxMessageLength: 65_535 });
        const encoded = all.map((message) => encodeMessage(message, context));
        const stream = Uint8Array.from(encoded.flatMap((bytes) => [...bytes]));
        const pieces: Uint8Array[] = [];
        let from = 0;
        for (const cut of cuts) {
          pieces.push(stream.subarray(from, from + cut));
          from += cut;
        }
        pieces.push(stream.subarray(from));
        expect(framesOf(pieces, 65_535)).toEqual(encoded.map(toHex));
      }),
      { numRuns: 50 },
    );
  });

  it('does not copy a message that came whole', () => {
    const bytes = encodeMessage({ kind: 'keepalive' }, aContext());
    const framer = new Framer();
    framer.push(bytes);
    const frame = framer.next(4_096);
    expect(frame?.ok === true && frame.value.buffer === bytes.buffer).toBe(true);
  });

  it('says a header error again and again, with the messages before it given', () => {
    const keepalive = encodeMessage({ kind: 'keepalive' }, aContext());
    expect(framesOf([keepalive, new Uint8Array(40)])).toEqual([toHex(keepalive), '1/1']);
    const framer = new Framer();
    framer.push(new Uint8Array(19));
    expect(framer.next(4_096)).toEqual(framer.next(4_096));
  });

  it('keeps messages that it gave out as they are while others arrive piece by piece', () => {
    const framer = new Framer();
    const given: { readonly frame: Uint8Array; readonly as: string }[] = [];
    for (let index = 0; index < 50; index++) {
      const message = encodeMessage({ kind: 'notification', code: 6, subcode: index, data: new Uint8Array(index) }, aContext());
      for (const octet of message) {
        framer.push(Uint8Array.of(octet));
        const frame = framer.next(4_096);
        if (frame?.ok) given.push({ frame: frame.value, as: toHex(message) });
      }
    }
    expect(given).toHaveLength(50);
    for (const { frame, as } of given) expect(toHex(frame)).toBe(as);
  });

  it('copies each octet of a long message that comes octet by octet a few times, not once for each that follows', () => {
    const message = aFrame(2, new Uint8Array(20_000));
    const framer = new Framer();
    const copies = vi.spyOn(Object.getPrototypeOf(Uint8Array.prototype) as Uint8Array, 'set');
    for (const octet of message) framer.push(Uint8Array.of(octet));
    const copied = copies.mock.calls.reduce((sum, [source]) => sum + source.length, 0);
    expect(framer.next(65_535)).toEqual({ ok: true, value: message });
    expect(copied).toBeLessThan(4 * message.length);
  });

  it('waits for a header before it judges', () => {
    expect(framesOf([new Uint8Array(18)])).toEqual([]);
  });
});

describe('a header error', () => {
  const errorOf = (bytes: Uint8Array, context = aContext()) => {
    const result = decodeMessage(bytes, context);
    return result.ok
      ? 'none'
      : `${result.error.notification.code}/${result.error.notification.subcode} ${toHex(result.error.notification.data)}`;
  };
  const withLength = (length: number, type: number, total = Math.max(19, length)) => {
    const frame = new Uint8Array(total);
    frame.set(aFrame(type, new Uint8Array(0)));
    frame[16] = length >> 8;
    frame[17] = length & 0xff;
    return frame;
  };

  it('is 1/1 without data where the marker is not all ones', () => {
    const frame = aFrame(4, new Uint8Array());
    frame[15] = 0xfe;
    expect(errorOf(frame)).toBe('1/1 ');
  });

  it('is 1/2 with the length, where that is too short or too long for any message', () => {
    expect(errorOf(withLength(18, 4))).toBe('1/2 0012');
    expect(errorOf(withLength(4_097, 2))).toBe('1/2 1001');
    expect(errorOf(withLength(65_535, 2))).toBe('1/2 ffff');
  });

  it.each([
    ['OPEN of 28', 28, 1],
    ['UPDATE of 22', 22, 2],
    ['NOTIFICATION of 20', 20, 3],
    ['KEEPALIVE of 20', 20, 4],
    ['ROUTE-REFRESH of 21', 21, 5],
    ['ROUTE-REFRESH of 22', 22, 5],
  ])('is 1/2 with the length for an %s octets', (_, length, type) => {
    expect(errorOf(withLength(length, type))).toBe(`1/2 00${length.toString(16)}`);
  });

  it('is 1/2 for an OPEN beyond 4,096 octets even where longer messages were agreed (RFC 8654 §4)', () => {
    expect(errorOf(withLength(4_097, 1), aContext({ maxMessageLength: 65_535 }))).toBe('1/2 1001');
  });

  it('is 1/3 with the type, where that is none', () => {
    expect(errorOf(withLength(19, 0))).toBe('1/3 00');
    expect(errorOf(withLength(19, 6))).toBe('1/3 06');
  });

  it('is 1/2 where the bytes are not what the header says', () => {
    expect(errorOf(withLength(23, 2, 24))).toBe('1/2 0017');
    expect(errorOf(hex('ff'))).toBe('1/2 0000');
  });

  it.each(['0001 01 01 00', '0001 02', '0001 02 01 00'])(
    'is 7/1 with the whole message for begin and end of a refresh of a wrong length (RFC 7313 §5): %s',
    (body) => {
      const frame = aFrame(5, hex(body));
      expect(errorOf(frame)).toBe(`7/1 ${toHex(frame)}`);
    },
  );

  it('is 1/2 for a request to refresh that is too long, as with filters that were not agreed on (RFC 5291)', () => {
    expect(errorOf(aFrame(5, hex('0001 00 01 01 80 0001 00')))).toBe('1/2 001c');
  });

  it('is none for an unknown subtype of ROUTE-REFRESH, whatever its length: it is to be ignored (RFC 7313 §5)', () => {
    const result = decodeMessage(aFrame(5, hex('0001 03 01 00')), aContext());
    expect(result).toEqual({ ok: true, value: { kind: 'routeRefresh', afi: 1, safi: 1, subtype: 3 } });
  });

  it('is judged by what we offered, not by what the router takes (RFC 8654 §4)', () => {
    const long = aFrame(2, new Uint8Array(5_000));
    expect(errorOf(long, aContext({ maxMessageLength: 65_535, maxReceivedLength: 4_096 }))).toBe('1/2 139b');
    expect(decodeMessage(long, aContext({ maxMessageLength: 4_096, maxReceivedLength: 65_535 })).ok).toBe(true);
  });
});
