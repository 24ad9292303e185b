import { describe, expect, it } from 'vitest';
import { LedgerStore } from '../ledger-store.ts';
import { aHold } from '../testing/builders.ts';
import { governedOf, helloOf } from '../testing/world.ts';
import type { GuardFacts, Question, Taking } from './guard.ts';
import { removalGuard } from './removal-guard.ts';

const settings = { graceMs: 5_000, maxPercent: 25, maxPrefixes: 100, holdsLastOfPool: true };

/** A ledger with so many prefixes, of which some are in grace and some were removed. */
function ledgerWith({ prefixes, inGrace = 0, removed = 0 }: { prefixes: number; inGrace?: number; removed?: number }): LedgerStore {
  const ledger = new LedgerStore();
  ledger.applyHello(helloOf('n1', [], []), 0);
  const gate = { mode: 'Auto', announceDelayMs: 0 } as const;
  for (let number = 0; number < prefixes; number++) {
    const entry = { kind: 'route', prefix: `p${number}`, service: 's', reason: 'Serving', gate, exports: [] } as const;
    ledger.apply(governedOf('s', { kind: 'set', node: 'n1', entry }), 0);
  }
  const names = (count: number, prefix: string): string[] => Array.from({ length: count }, (_, index) => `${prefix}${index}`);
  ledger.removals.apply({ grace: names(inGrace, 'g'), held: [], removed: names(removed, 'r'), kept: [] }, 7, 0);
  return ledger;
}

function asked(takes: Taking | undefined, ledger: LedgerStore, facts: Partial<GuardFacts> & Pick<Question, 'before'> = {}) {
  const { before, ...rest } = facts;
  const question = { cause: 'removal', node: 'n1', evidence: [], doubts: [], ...(takes && { takes }), ...(before && { before }) } as const;
  const all = { ledger, nowMs: 1_000, removalGuard: settings, emptiesPool: () => false, countedElsewhere: () => 0, ...rest };
  return removalGuard(question, all);
}

const prefix = (name = 'p0', ...others: readonly string[]): Taking => ({
  what: 'prefix',
  prefix: name,
  together: new Set([name, ...others]),
});
const graceSince = (sinceMs: number) => ({ rule: 'removalGuard', reason: 'RemovalGrace', sinceMs }) as const;

describe('the removal guard', () => {
  it('has nothing against one place of several', () => {
    expect(asked(undefined, ledgerWith({ prefixes: 1 }))).toBeUndefined();
  });

  it('waits, in case it comes back', () => {
    const ledger = ledgerWith({ prefixes: 8 });
    expect(asked(prefix(), ledger)).toMatchObject({ reason: 'RemovalGrace', untilMs: 6_000 });
    expect(asked(prefix(), ledger, { before: graceSince(-3_999) })).toMatchObject({ untilMs: 1_001 });
    expect(asked(prefix(), ledger, { before: graceSince(-4_000) })).toBeUndefined();
    expect(asked(prefix(), ledger, { before: { rule: 'freshInput', reason: 'InputStale', sinceMs: -9_000 } })).toMatchObject({
      untilMs: 6_000,
    });
    expect(asked(prefix(), ledger, { removalGuard: { ...settings, graceMs: 0 } })).toBeUndefined();
  });

  it.each([
    ['a single one of any number', { prefixes: 1 }, 1, undefined],
    ['two of eight', { prefixes: 8, inGrace: 1 }, 1, undefined],
    ['two of seven', { prefixes: 7, inGrace: 1 }, 1, 'share'],
    ['what was removed counts among what there was', { prefixes: 7, removed: 1 }, 1, undefined],
    ['both addresses of one Service of many', { prefixes: 8 }, 2, undefined],
    ['both addresses of one Service of few', { prefixes: 7 }, 2, 'share'],
    ['a hundred of very many', { prefixes: 500, inGrace: 99 }, 1, undefined],
    ['a hundred and one of very many', { prefixes: 500, removed: 100 }, 1, 'number'],
  ] as const)('judges %s', (_, ledger, together, why) => {
    const others = Array.from({ length: together - 1 }, (__, index) => `p${index + 1}`);
    const hold = asked(prefix('p0', ...others), ledgerWith(ledger));
    expect(hold?.reason).toBe(why === undefined ? 'RemovalGrace' : 'RemovalHeld');
    expect(hold?.inputs['why']).toBe(why);
  });

  it('shows what it counted', () => {
    expect(asked(prefix(), ledgerWith({ prefixes: 3, inGrace: 1, removed: 2 }))?.inputs).toEqual({
      going: 4,
      of: 5,
      maxPercent: 25,
      maxPrefixes: 100,
      why: 'share',
    });
  });

  it('holds the last of a pool, where it shall', () => {
    const ledger = ledgerWith({ prefixes: 8 });
    expect(asked(prefix(), ledger, { emptiesPool: () => true })).toMatchObject({ reason: 'RemovalHeld', inputs: { why: 'lastOfPool' } });
    const allowed = { ...settings, holdsLastOfPool: false };
    expect(asked(prefix(), ledger, { emptiesPool: () => true, removalGuard: allowed })?.reason).toBe('RemovalGrace');
  });

  it('has decided once about each: in grace, let pass, held until approved', () => {
    const ledger = ledgerWith({ prefixes: 2 });
    const removal = { prefix: 'p1', service: 's', cause: 'removal', reason: 'ServiceDeleted' } as const;
    ledger.removals.apply({ grace: ['p0'], held: [removal], removed: ['r'], kept: [] }, 7, 0);
    expect(asked(prefix('p0'), ledger, { emptiesPool: () => true })?.reason).toBe('RemovalGrace');
    expect(asked(prefix('r'), ledger)).toBeUndefined();
    expect(asked(prefix('p1'), ledger)).toMatchObject({ inputs: { hold: 'removal-7-1' }, exit: expect.stringContaining('wanted again') });
    ledger.removals.applyHold(aHold([removal], { isReleased: true }, 'removal-7-1'), 7, 0);
    expect(asked(prefix('p1'), ledger)).toMatchObject({ exit: expect.stringContaining('made again') });
    ledger.removals.applyHold(aHold([removal], { isApproved: true }, 'removal-7-1'), 7, 0);
    expect(asked(prefix('p1'), ledger)).toBeUndefined();
  });

  it('lets what one router hears wait, and no more', () => {
    const ledger = ledgerWith({ prefixes: 1 });
    expect(asked({ what: 'peer' }, ledger)?.reason).toBe('RemovalGrace');
    expect(asked({ what: 'peer' }, ledger, { before: graceSince(-4_000) })).toBeUndefined();
  });

  it('lets a session wait, and then end after its routes', () => {
    const ledger = ledgerWith({ prefixes: 1 });
    expect(asked({ what: 'session', routes: 1 }, ledger)?.reason).toBe('RemovalGrace');
    const remain = asked({ what: 'session', routes: 1 }, ledger, { before: graceSince(-4_000) });
    expect(remain).toMatchObject({ reason: 'RoutesRemain', inputs: { routes: 1 } });
    const before = { rule: 'removalGuard', reason: 'RoutesRemain', sinceMs: 900 } as const;
    expect(asked({ what: 'session', routes: 1 }, ledger, { before })?.reason).toBe('RoutesRemain');
    expect(asked({ what: 'session', routes: 0 }, ledger, { before })).toBeUndefined();
  });
});
