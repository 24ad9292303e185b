import fc from 'fast-check';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { type AddressFamily, parseIpAddress } from '#net/ip-address.ts';
import { type Prefix, parsePrefix } from '#net/prefix.ts';
import { unwrap } from '#runtime/result.ts';
import { AdjRibOut, type Chunk } from './adj-rib-out.ts';
import type { OutgoingRoute } from './attribute-buckets.ts';
import { PrefixColumn } from './prefix-column.ts';
import { type PrefixHandle, PrefixTable } from './prefix-table.ts';
import { SharedTemplates } from './shared-templates.ts';
import { routerContext, TestRouter } from './testing/router.ts';

const prefix = (text: string): Prefix => unwrap(parsePrefix(text));

/** A route that differs from others by its MED. */
const aRoute = (med: number, family: AddressFamily = 'IPv4'): OutgoingRoute => ({
  family,
  nextHop: unwrap(parseIpAddress(family === 'IPv4' ? '10.0.0.1' : '2001:db8::1')),
  attributes: { origin: 'IGP', asPath: [64_500], med },
});

const octets = 32_768;

/** A table with a router at its other end, and prefixes that the test holds. */
function aSession(families: readonly AddressFamily[] = ['IPv4', 'IPv6']) {
  const prefixes = new PrefixTable();
  const rib = new AdjRibOut(prefixes, families, routerContext, new SharedTemplates());
  const router = new TestRouter();
  const hold = (text: string): PrefixHandle => prefixes.acquire(prefix(text));
  /** Writes all that is due to the router, which acknowledges unless told otherwise. */
  const flush = (options: { acknowledge?: boolean; maxOctets?: number } = {}): Chunk[] => {
    const chunks: Chunk[] = [];
    for (let chunk = rib.next(options.maxOctets ?? octets); chunk !== undefined; chunk = rib.next(options.maxOctets ?? octets)) {
      chunks.push(chunk);
      router.read(chunk.bytes);
      if (options.acknowledge ?? true) rib.acknowledge(chunk);
    }
    return chunks;
  };
  return { prefixes, rib, router, hold, flush };
}

describe('what a router is told', () => {
  it('is what is wanted, once', () => {
    const { rib, router, hold, flush } = aSession();
    rib.announce(hold('192.0.2.53/32'), aRoute(1));
    rib.announce(hold('2001:db8::53/128'), aRoute(2, 'IPv6'));
    flush();
    expect([...router.routes]).toEqual([
      ['192.0.2.53/32', 1],
      ['2001:db8::53/128', 2],
    ]);
    rib.announce(hold('192.0.2.53/32'), aRoute(1));
    expect(flush()).toEqual([]);
  });

  it('replaces what was there when attributes change', () => {
    const { rib, router, hold, flush } = aSession();
    const handle = hold('192.0.2.53/32');
    rib.announce(handle, aRoute(1));
    flush();
    rib.announce(handle, aRoute(2));
    flush();
    expect([...router.routes]).toEqual([['192.0.2.53/32', 2]]);
    expect(router.updates).toHaveLength(2);
  });

  it('has withdrawals of all families before any announcement', () => {
    const { rib, router, hold, flush } = aSession();
    rib.announce(hold('192.0.2.1/32'), aRoute(1));
    rib.announce(hold('2001:db8::1/128'), aRoute(1, 'IPv6'));
    flush();
    rib.announce(hold('192.0.2.2/32'), aRoute(1));
    rib.withdraw(hold('2001:db8::1/128'));
    rib.withdraw(hold('192.0.2.1/32'));
    flush();
    expect(router.updates.slice(2).map(({ reachable, unreachable }) => [reachable.length, unreachable.length])).toEqual([
      [0, 1],
      [0, 1],
      [1, 0],
    ]);
  });

  it('is the last word only, where the router was slow to take the ones before', () => {
    const { rib, router, hold, flush } = aSession();
    const [kept, gone, back] = [hold('192.0.2.1/32'), hold('192.0.2.2/32'), hold('192.0.2.3/32')] as const;
    rib.announce(back, aRoute(9));
    flush();
    rib.withdraw(back);
    for (const med of [1, 2, 3]) rib.announce(kept, aRoute(med));
    rib.announce(gone, aRoute(1));
    rib.withdraw(gone);
    rib.announce(back, aRoute(9));
    flush();
    expect(router.updates).toHaveLength(2);
    expect([...router.routes]).toEqual([
      ['192.0.2.3/32', 9],
      ['192.0.2.1/32', 3],
    ]);
  });

  it('never includes the withdrawal of what it was not told', () => {
    const { rib, hold, flush } = aSession();
    rib.withdraw(hold('192.0.2.1/32'));
    rib.withdraw(hold('10.0.0.0/8') + 4_096);
    expect(flush()).toEqual([]);
  });

  it('is all again when the router asks, of that family, in whatever attributes are wanted by then', () => {
    const { rib, router, hold, flush } = aSession();
    const [first, second, third] = [hold('192.0.2.1/32'), hold('192.0.2.2/32'), hold('192.0.2.3/32')] as const;
    for (const handle of [first, second, third]) rib.announce(handle, aRoute(1));
    rib.announce(hold('2001:db8::1/128'), aRoute(1, 'IPv6'));
    flush();
    rib.withdraw(third);
    rib.repeat('IPv4');
    rib.repeatSome(100);
    expect(rib.isWritten(first)).toBe(false);
    rib.announce(second, aRoute(2));
    rib.announce(hold('192.0.2.4/32'), aRoute(1));
    const [withdrawals, announcements] = flush();
    expect([withdrawals?.withdrawn, withdrawals?.announced]).toEqual([[third], []]);
    expect(announcements?.announced).toHaveLength(3);
    expect(Object.fromEntries(router.routes)).toEqual({ '192.0.2.1/32': 1, '192.0.2.2/32': 2, '192.0.2.4/32': 1, '2001:db8::1/128': 1 });
  });

  it('can be withdrawn after the router asked for it again', () => {
    const { rib, router, hold, flush } = aSession();
    rib.announce(hold('192.0.2.1/32'), aRoute(1));
    flush();
    rib.repeat('IPv4');
    rib.repeatSome(100);
    rib.withdraw(hold('192.0.2.1/32'));
    flush();
    expect([...router.routes]).toEqual([]);
  });

  it('is repeated a part at a time, and what was told or taken back since the router asked is not told again', () => {
    const { rib, router, hold, flush } = aSession();
    const handles = Array.from({ length: 5 }, (_, index) => hold(`192.0.2.${index}/32`));
    for (const handle of handles) rib.announce(handle, aRoute(1));
    flush();
    const [, replaced, gone] = handles as [PrefixHandle, PrefixHandle, PrefixHandle];
    rib.repeat('IPv4');
    expect(rib.repeatSome(1)).toBe(true);
    rib.announce(replaced, aRoute(2));
    rib.withdraw(gone);
    const before = router.updates.length;
    const told = (): (readonly PrefixHandle[])[] => flush().map(({ announced }) => announced);
    expect(told().flat()).toEqual([handles[0], replaced]);
    expect(rib.repeatSome(4)).toBe(false);
    expect(told().flat()).toEqual([handles[3], handles[4]]);
    expect(rib.repeatSome(4)).toBe(false);
    expect(router.updates.length - before).toBe(4);
  });

  it('is repeated for one family after the other', () => {
    const { rib, router, hold, flush } = aSession();
    rib.announce(hold('192.0.2.1/32'), aRoute(1));
    rib.announce(hold('2001:db8::1/128'), aRoute(1, 'IPv6'));
    flush();
    for (const family of ['IPv6', 'IPv4'] as const) rib.repeat(family);
    for (let left = 2; left > 0; left -= 1) {
      expect([rib.repeats, rib.repeatSome(9), rib.repeatSome(9)]).toEqual([true, false, false]);
      expect(rib.repeats).toBe(left === 2);
      flush();
      expect(router.updates).toHaveLength(5 - left);
    }
  });

  it('is looked through once however often the router asks meanwhile, and never for a family of which it hears nothing', () => {
    const { rib, router, hold, flush } = aSession(['IPv4']);
    for (let index = 0; index < 5; index += 1) rib.announce(hold(`192.0.2.${index}/32`), aRoute(1));
    flush();
    const looks = vi.spyOn(PrefixColumn.prototype, 'prefixes');
    onTestFinished(() => looks.mockRestore());
    rib.repeat('IPv6');
    expect([rib.repeats, rib.repeatSome(9)]).toEqual([false, false]);
    rib.repeat('IPv4');
    expect(rib.repeatSome(1)).toBe(true);
    for (let time = 0; time < 1_000; time += 1) rib.repeat('IPv4');
    expect(looks).toHaveBeenCalledTimes(1);
    // News goes out although the router never stops asking, and then it is told all again.
    rib.announce(hold('198.51.100.1/32'), aRoute(2));
    expect([rib.repeatSome(9), rib.repeatSome(9)]).toEqual([false, false]);
    flush();
    expect(router.routes.get('198.51.100.1/32')).toBe(2);
    rib.repeat('IPv4');
    const before = router.updates.length;
    expect([rib.repeats, rib.repeatSome(9)]).toEqual([true, false]);
    flush();
    expect([looks.mock.calls.length, rib.repeats, router.updates.length - before]).toEqual([2, false, 2]);
  });

  it('is a bug where route and prefix are of different families', () => {
    const { rib, hold } = aSession();
    expect(() => rib.announce(hold('192.0.2.1/32'), aRoute(1, 'IPv6'))).toThrow('one family');
  });

  it('is a bug where attributes leave no room for a prefix', () => {
    const { rib, hold } = aSession();
    const communities = Array.from({ length: 1_020 }, (_, index) => index);
    const tooLong = { ...aRoute(1), attributes: { ...aRoute(1).attributes, communities } };
    expect(() => rib.announce(hold('192.0.2.1/32'), tooLong)).toThrow('room');
  });
});

describe('End-of-RIB', () => {
  it('follows the first routes of each family, once', () => {
    const { rib, router, hold, flush } = aSession();
    for (let index = 0; index < 100; index += 1) rib.announce(hold(`10.0.0.${index}/32`), aRoute(index));
    rib.finishInitialSet();
    const chunks = flush({ maxOctets: 500 });
    expect(chunks.length).toBeGreaterThan(5);
    expect(chunks.map(({ endOfRib }) => endOfRib.length).slice(0, -1)).not.toContain(2);
    expect(chunks.at(-1)?.endOfRib).toEqual(['IPv4', 'IPv6']);
    expect(router.updates.slice(-2).map(({ endOfRib }) => endOfRib)).toEqual(['IPv4', 'IPv6']);
    rib.announce(hold('192.0.2.1/32'), aRoute(1));
    flush();
    expect(router.markers).toHaveLength(2);
  });

  it('follows in the same chunk where the last routes filled it', () => {
    const { rib, router, hold, flush } = aSession(['IPv4']);
    rib.announce(hold('192.0.2.1/32'), aRoute(1));
    rib.finishInitialSet();
    const chunks = flush({ maxOctets: 1 });
    expect(chunks.map(({ endOfRib }) => endOfRib)).toEqual([['IPv4']]);
    expect(router.updates.map(({ endOfRib }) => endOfRib)).toEqual([undefined, 'IPv4']);
  });

  it('comes alone where there are no routes, for agreed families only', () => {
    const { rib, router, flush } = aSession(['IPv6']);
    expect(flush()).toEqual([]);
    rib.finishInitialSet();
    flush();
    expect(router.markers).toEqual(['IPv6']);
  });
});

describe('packing', () => {
  it('comes close to the fewest UPDATEs there can be', () => {
    const { rib, router, hold, flush } = aSession();
    for (let index = 0; index < 10_000; index += 1) {
      rib.announce(hold(`10.${index >> 16}.${(index >> 8) & 255}.${index & 255}/32`), aRoute(1));
      rib.announce(hold(`2001:db8::${index.toString(16)}/128`), aRoute(1, 'IPv6'));
    }
    flush();
    // 4,096 less header, lengths and attributes: 4,041 octets for IPv4, and less next hop and MP header for IPv6.
    expect(router.updates).toHaveLength(Math.ceil((10_000 * 5) / 4_041) + Math.ceil((10_000 * 17) / 4_020));
    expect(router.routes.size).toBe(20_000);
  });

  it('waits with an UPDATE that has room while more routes are to come, and with End-of-RIB', () => {
    const { rib, router, hold } = aSession(['IPv4']);
    rib.finishInitialSet();
    let sent = 0;
    for (let index = 0; index < 2_000; index += 1) {
      rib.announce(hold(`10.0.${index >> 8}.${index & 255}/32`), aRoute(1 + (index % 2)));
      const chunk = rib.next(octets, true);
      if (chunk !== undefined) router.read(chunk.bytes);
      sent += chunk?.announced.length ?? 0;
    }
    // 809 prefixes fill an UPDATE with these attributes; each of the two sets has 1,000.
    expect([sent, router.updates.length, router.markers]).toEqual([1_618, 2, []]);
    router.read(rib.next(octets)?.bytes ?? new Uint8Array());
    expect([router.routes.size, router.updates.length, router.markers]).toEqual([2_000, 5, ['IPv4']]);
  });

  it('puts routes of equal attributes together, whoever made them equal', () => {
    const { rib, router, hold, flush } = aSession();
    for (let index = 0; index < 200; index += 1) rib.announce(hold(`10.0.0.${index}/32`), aRoute(index % 4));
    flush();
    expect(router.updates).toHaveLength(4);
  });

  it('encodes attributes that routes share anew, once nobody had them any more', () => {
    const { rib, router, hold, flush } = aSession();
    const [first, second] = [hold('192.0.2.1/32'), hold('192.0.2.2/32')] as const;
    const shared = aRoute(1);
    for (let round = 0; round < 2; round += 1) {
      for (const handle of [first, second]) rib.announce(handle, shared);
      flush();
      expect(router.routes.size).toBe(2);
      for (const handle of [first, second]) rib.withdraw(handle);
      flush();
      expect([router.routes.size, rib.attributeSets]).toEqual([0, 0]);
    }
  });

  it('withdraws thousands within the message limit', () => {
    const { rib, router, hold, flush } = aSession();
    const handles = Array.from({ length: 5_000 }, (_, index) => hold(`10.0.${index >> 8}.${index & 255}/32`));
    for (const handle of handles) rib.announce(handle, aRoute(1));
    flush();
    const before = router.updates.length;
    for (const handle of handles) rib.withdraw(handle);
    flush();
    expect(router.updates.length - before).toBe(Math.ceil((5_000 * 5) / 4_073));
    expect(router.routes.size).toBe(0);
  });

  it('stops with the message that reaches the limit of a chunk', () => {
    const { rib, hold, flush } = aSession();
    for (let index = 0; index < 5_000; index += 1) rib.announce(hold(`10.0.${index >> 8}.${index & 255}/32`), aRoute(1));
    const chunks = flush({ maxOctets: 4_000 });
    expect(chunks.every(({ bytes }) => bytes.length <= 4_096)).toBe(true);
    expect(chunks.map(({ sequence }) => sequence)).toEqual(chunks.map((_, index) => index + 1));
  });
});

describe('what the router has', () => {
  it('is known once it acknowledged: announcement by announcement, withdrawal by withdrawal', () => {
    const { rib, hold, flush } = aSession();
    const handle = hold('192.0.2.53/32');
    rib.announce(handle, aRoute(1));
    expect([rib.isWritten(handle), rib.isAnnounced(handle)]).toEqual([false, false]);
    const [announced] = flush({ acknowledge: false });
    rib.withdraw(handle);
    const [withdrawn] = flush({ acknowledge: false });
    expect([rib.isWritten(handle), rib.isAnnounced(handle)]).toEqual([true, false]);
    rib.acknowledge(announced as Chunk);
    expect([rib.isAnnounced(handle), rib.announcedPrefixes]).toEqual([true, 1]);
    rib.acknowledge(withdrawn as Chunk);
    expect([rib.isAnnounced(handle), rib.announcedPrefixes]).toEqual([false, 0]);
  });

  it('changes with an acknowledgement, which says for which prefixes it did', () => {
    const { rib, hold, flush } = aSession();
    const [first, second] = [hold('192.0.2.1/32'), hold('192.0.2.2/32')] as const;
    const acknowledge = () => flush({ acknowledge: false }).map((chunk) => rib.acknowledge(chunk));
    rib.announce(first, aRoute(1));
    expect(acknowledge()).toEqual([{ gained: [first], lost: [] }]);
    rib.announce(first, aRoute(2));
    rib.announce(second, aRoute(2));
    expect(acknowledge()).toEqual([{ gained: [second], lost: [] }]);
    rib.withdraw(first);
    expect(acknowledge()).toEqual([{ gained: [], lost: [first] }]);
  });

  it('stays so while attributes change', () => {
    const { rib, hold, flush } = aSession();
    const handle = hold('192.0.2.53/32');
    rib.announce(handle, aRoute(1));
    flush();
    rib.announce(handle, aRoute(2));
    expect([rib.isWritten(handle), rib.isAnnounced(handle)]).toEqual([false, true]);
    flush();
    expect(rib.announcedPrefixes).toBe(1);
  });

  it('is not said of a prefix that nobody ever wanted', () => {
    const { rib } = aSession();
    expect([rib.isWritten(4_711), rib.isAnnounced(4_711)]).toEqual([true, false]);
  });

  it('may be at the router from the first word about it until a withdrawal is acknowledged', () => {
    const { rib, hold, flush } = aSession();
    const [route, other] = [hold('192.0.2.1/32'), hold('192.0.2.2/32')];
    // So late in the table that this router has no room for it yet: it was never told anything of it.
    const late = Array.from({ length: 5_000 }, (_, index) => hold(`10.0.${index >> 8}.${index & 255}/32`)).at(-1) as PrefixHandle;
    expect([rib.mayHave(route), rib.mayHave(other), rib.mayHave(late)]).toEqual([false, false, false]);
    rib.announce(route, aRoute(1));
    expect(rib.mayHave(route)).toBe(false);
    const announced = flush({ acknowledge: false });
    expect([rib.mayHave(route), rib.mayHave(other)]).toEqual([true, false]);
    rib.withdraw(route);
    const withdrawn = flush({ acknowledge: false });
    for (const chunk of announced) rib.acknowledge(chunk);
    expect(rib.mayHave(route)).toBe(true);
    for (const chunk of withdrawn) rib.acknowledge(chunk);
    expect(rib.mayHave(route)).toBe(false);
  });

  it('is acknowledged in order, or it is a bug', () => {
    const { rib, hold, flush } = aSession();
    rib.announce(hold('192.0.2.1/32'), aRoute(1));
    const [first] = flush({ acknowledge: false }) as [Chunk];
    rib.announce(hold('192.0.2.2/32'), aRoute(1));
    const [second] = flush({ acknowledge: false }) as [Chunk];
    expect(() => rib.acknowledge(second)).toThrow('in order');
    rib.acknowledge(first);
    expect(() => rib.acknowledge(first)).toThrow('in order');
    expect(() => rib.acknowledge({ ...second, sequence: 3 })).toThrow('in order');
  });
});

describe('references to prefixes', () => {
  it('last until the router acknowledged the withdrawal', () => {
    const { prefixes, rib, hold, flush } = aSession();
    const handle = hold('192.0.2.53/32');
    rib.announce(handle, aRoute(1));
    prefixes.release(handle);
    flush();
    rib.withdraw(handle);
    const [chunk] = flush({ acknowledge: false });
    expect(prefixes.size).toBe(1);
    rib.acknowledge(chunk as Chunk);
    expect(prefixes.size).toBe(0);
  });

  it('go with the session, also of what the router may still have', () => {
    const { prefixes, rib, hold, flush } = aSession();
    const [kept, gone] = [hold('192.0.2.1/32'), hold('192.0.2.2/32')] as const;
    for (const handle of [kept, gone]) {
      rib.announce(handle, aRoute(1));
      prefixes.release(handle);
    }
    flush();
    rib.withdraw(gone);
    flush({ acknowledge: false });
    expect(prefixes.size).toBe(2);
    rib.close();
    expect(prefixes.size).toBe(0);
  });

  it('go at once for what was never written, and at the end for all', () => {
    const { prefixes, rib, hold } = aSession();
    for (const text of ['192.0.2.1/32', '192.0.2.2/32']) {
      const handle = hold(text);
      rib.announce(handle, aRoute(1));
      prefixes.release(handle);
    }
    rib.withdraw(prefixes.find(prefix('192.0.2.1/32')) as PrefixHandle);
    expect(prefixes.size).toBe(1);
    rib.close();
    expect(prefixes.size).toBe(0);
  });
});

type Step =
  | { readonly does: 'announce'; readonly prefix: number; readonly med: number }
  | { readonly does: 'withdraw'; readonly prefix: number }
  | { readonly does: 'write'; readonly maxOctets: number; readonly more: boolean }
  | { readonly does: 'repeatSome'; readonly routes: number }
  | { readonly does: 'acknowledge' | 'repeat' };

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    fc.record({ does: fc.constant('announce' as const), prefix: fc.nat({ max: 99 }), med: fc.nat({ max: 3 }) }),
    fc.record({ does: fc.constant('withdraw' as const), prefix: fc.nat({ max: 99 }) }),
    fc.record({ does: fc.constant('write' as const), maxOctets: fc.integer({ min: 1, max: 200 }), more: fc.boolean() }),
    fc.record({ does: fc.constant('repeatSome' as const), routes: fc.integer({ min: 1, max: 50 }) }),
    fc.constantFrom<Step>({ does: 'acknowledge' }, { does: 'repeat' }),
  ),
  { maxLength: 300 },
);

/** Of both families. */
const textOf = (index: number): string => (index % 3 === 0 ? `2001:db8::1:${index + 1}/128` : `10.0.0.${index}/32`);

describe('whatever happens in whatever order', () => {
  it('the router ends with what is wanted, what it acknowledged is what it has, and nothing is left over', () => {
    fc.assert(
      fc.property(steps, (all) => {
        const { prefixes, rib, router, flush } = aSession();
        const wanted = new Map<string, number>();
        const outstanding: { chunk: Chunk; routes: Map<string, number> }[] = [];
        const acknowledgeOne = (): void => {
          const next = outstanding.shift();
          if (next === undefined) return;
          rib.acknowledge(next.chunk);
          expect(rib.announcedPrefixes).toBe(next.routes.size);
        };
        for (const step of all) {
          if (step.does === 'announce') {
            const handle = prefixes.acquire(prefix(textOf(step.prefix)));
            rib.announce(handle, aRoute(step.med, prefixes.familyOf(handle)));
            prefixes.release(handle);
            wanted.set(textOf(step.prefix), step.med);
          } else if (step.does === 'withdraw') {
            const handle = prefixes.find(prefix(textOf(step.prefix)));
            if (handle !== undefined) rib.withdraw(handle);
            wanted.delete(textOf(step.prefix));
          } else if (step.does === 'write') {
            const chunk = rib.next(step.maxOctets, step.more);
            if (chunk === undefined) continue;
            router.read(chunk.bytes);
            outstanding.push({ chunk, routes: new Map(router.routes) });
          } else if (step.does === 'repeatSome') {
            rib.repeatSome(step.routes);
          } else if (step.does === 'acknowledge') {
            acknowledgeOne();
          } else {
            rib.repeat('IPv4');
          }
        }
        while (outstanding.length > 0) acknowledgeOne();
        flush();
        expect(Object.fromEntries(router.routes)).toEqual(Object.fromEntries(wanted));
        expect(rib.announcedPrefixes).toBe(wanted.size);
        expect(prefixes.size).toBe(wanted.size);
        for (const text of wanted.keys()) rib.withdraw(prefixes.find(prefix(text)) as PrefixHandle);
        flush();
        expect(prefixes.size).toBe(0);
        expect(rib.attributeSets).toBe(0);
        expect(router.updates.every(({ reachable, unreachable }) => reachable.length + unreachable.length === 1)).toBe(true);
        expect(router.routes.size).toBe(0);
      }),
      { numRuns: 200 },
    );
  });
});
