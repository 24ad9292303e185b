import { describe, expect, it } from 'vitest';
import type { UpdateMessage } from '#bgp/wire/messages.ts';
import { parseIpAddress } from '#net/ip-address.ts';
import { formatPrefix, type Prefix, parsePrefix } from '#net/prefix.ts';
import { unwrap } from '#runtime/result.ts';
import { AdjRibIn } from './adj-rib-in.ts';

const prefix = (text: string): Prefix => unwrap(parsePrefix(text));

/** An UPDATE that withdraws and announces, all with one MED. */
const anUpdate = (withdrawn: readonly string[], announced: readonly string[], med = 0): UpdateMessage => ({
  kind: 'update',
  unreachable: [{ family: 'IPv4', prefixes: withdrawn.map(prefix) }],
  reachable: [
    {
      family: 'IPv4',
      prefixes: announced.map(prefix),
      nextHop: unwrap(parseIpAddress('10.0.0.1')),
      attributes: { origin: 'IGP', asPath: [], med },
    },
  ],
  faults: [],
});

/** A table that keeps MEDs. */
function aTable(maxPrefixes = 100) {
  const table = new AdjRibIn<number>(maxPrefixes);
  const apply = (withdrawn: readonly string[], announced: readonly string[], med = 0) => {
    const result = table.apply(anUpdate(withdrawn, announced, med), ({ attributes }) => attributes.med ?? -1);
    return { ...result, withdrawn: result.withdrawn.map(formatPrefix), announced: result.announced.map(formatPrefix) };
  };
  const routes = () => [...table.entries()].map(([one, med]) => [formatPrefix(one), med]);
  return { table, apply, routes };
}

describe('what a router announces to us', () => {
  it('is kept by prefix, oldest first, the newest attributes', () => {
    const { table, apply, routes } = aTable();
    apply([], ['192.0.2.1/32', '192.0.2.2/32'], 1);
    expect(apply([], ['192.0.2.1/32'], 2)).toEqual({ withdrawn: [], announced: ['192.0.2.1/32'], refused: 0 });
    expect(routes()).toEqual([
      ['192.0.2.1/32', 2],
      ['192.0.2.2/32', 1],
    ]);
    expect(table.get(prefix('192.0.2.2/32'))).toBe(1);
    expect(table.get(prefix('192.0.2.3/32'))).toBeUndefined();
  });

  it('goes when it is withdrawn; of what was not there nothing is told', () => {
    const { table, apply } = aTable();
    apply([], ['192.0.2.1/32']);
    expect(apply(['192.0.2.1/32', '192.0.2.2/32'], []).withdrawn).toEqual(['192.0.2.1/32']);
    expect(table.size).toBe(0);
  });

  it('goes with its family, where that is over because its routes can not be read (RFC 4760 §7)', () => {
    const { table, apply, routes } = aTable();
    apply([], ['192.0.2.1/32', '192.0.2.2/32'], 1);
    apply([], ['2001:db8::/32'], 2);
    const { withdrawn } = table.apply({ kind: 'update', unreachable: [], reachable: [], faults: [], disabled: ['IPv4'] }, () => 0);
    expect(withdrawn.map(formatPrefix)).toEqual(['192.0.2.1/32', '192.0.2.2/32']);
    expect(routes()).toEqual([['2001:db8::/32', 2]]);
  });

  it('stays where one UPDATE both withdraws and announces it (RFC 4271 §4.3)', () => {
    const { apply, routes } = aTable();
    apply([], ['192.0.2.1/32'], 1);
    apply(['192.0.2.1/32'], ['192.0.2.1/32'], 2);
    expect(routes()).toEqual([['192.0.2.1/32', 2]]);
  });

  it('is bounded: new prefixes are refused and counted, known ones still change', () => {
    const { table, apply, routes } = aTable(2);
    expect(apply([], ['192.0.2.1/32', '192.0.2.2/32', '192.0.2.3/32'], 1)).toMatchObject({ refused: 1 });
    expect(apply([], ['192.0.2.2/32', '192.0.2.4/32'], 2)).toEqual({ withdrawn: [], announced: ['192.0.2.2/32'], refused: 1 });
    expect(table.size).toBe(2);
    apply(['192.0.2.1/32'], ['192.0.2.4/32'], 3);
    expect(routes()).toEqual([
      ['192.0.2.2/32', 2],
      ['192.0.2.4/32', 3],
    ]);
  });
});
