import { describe, expect, it } from 'vitest';
import { parsePrefix } from '#net/prefix.ts';
import { unwrap } from '#runtime/result.ts';
import { LedgerStore } from './ledger-store.ts';
import { defaultRemovalGuard } from './limits.ts';
import { removalContext } from './removal-context.ts';
import { aConfig, aPool, noRemovalGuard } from './testing/builders.ts';
import { Cluster } from './testing/cluster.ts';
import { governedOf, helloOf } from './testing/world.ts';

const pool = (name: string, ...prefixes: readonly string[]) => aPool({ prefixes: prefixes.map((text) => unwrap(parsePrefix(text))) }, name);

/** What govern is told where speakers announce these prefixes. */
function contextOf(cluster: Cluster, ...prefixes: readonly string[]) {
  const ledger = new LedgerStore();
  ledger.applyHello(helloOf('n1', [], []), 0);
  const gate = { mode: 'Auto', announceDelayMs: 0 } as const;
  for (const prefix of prefixes) {
    const entry = { kind: 'route', prefix, service: 's', reason: 'Serving', gate, exports: [] } as const;
    ledger.apply(governedOf('s', { kind: 'set', node: 'n1', entry }), 0);
  }
  return { ledger, ...removalContext(cluster, ledger) };
}

const empties = (cluster: Cluster, going: readonly string[], ...prefixes: readonly string[]): boolean =>
  contextOf(cluster, ...prefixes).emptiesPool(new Set(going));

describe('the settings of the removal guard', () => {
  it('are those of the AnycastConfig, else the defaults', () => {
    expect(contextOf(new Cluster()).removalGuard).toEqual(defaultRemovalGuard);
    expect(contextOf(new Cluster(aConfig([]))).removalGuard).toEqual(noRemovalGuard);
  });
});

describe('a pool that is emptied', () => {
  const cluster = new Cluster(pool('a', '192.0.2.0/24', '2001:db8::/64'), pool('b', '198.51.100.0/24'));

  it('is one of whose prefixes none stays', () => {
    const [v4, v6, other] = ['192.0.2.1/32', '2001:db8::1/128', '198.51.100.1/32'] as const;
    expect(empties(cluster, [v4], v4, v6, other)).toBe(false);
    expect(empties(cluster, [v4, v6], v4, v6, other)).toBe(true);
    expect(empties(cluster, [other], v4, v6, other)).toBe(true);
  });

  it('is one where the others go in a moment', () => {
    const context = contextOf(cluster, '192.0.2.1/32', '192.0.2.2/32');
    context.ledger.removals.apply({ grace: ['192.0.2.2/32'], held: [], removed: [], kept: [] }, 7, 0);
    expect(context.emptiesPool(new Set(['192.0.2.1/32']))).toBe(true);
  });

  it('is all there is, for a prefix that no pool has', () => {
    expect(empties(cluster, ['203.0.113.1/32'], '203.0.113.1/32', '192.0.2.1/32')).toBe(false);
    expect(empties(cluster, ['203.0.113.1/32'], '203.0.113.1/32')).toBe(true);
  });
});
