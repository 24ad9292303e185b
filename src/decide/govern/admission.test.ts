import { describe, expect, it } from 'vitest';
import type { Cause } from '#state/evidence.ts';
import type { Doubt } from '../intent.ts';
import { LedgerStore } from '../ledger-store.ts';
import { noRemovalGuard } from '../testing/builders.ts';
import { governedOf, helloOf } from '../testing/world.ts';
import { admissionTable, admit, guardNames } from './admission.ts';
import type { GuardFacts, Question } from './guard.ts';

const causes = Object.keys(admissionTable) as Cause[];
const evidence = [{ source: 'EndpointSlice', object: 'dns/edge-1', resourceVersion: '1', fact: 'ready=false' }];
const doubt = <R extends Doubt['reason']>(reason: R) => ({ reason, kind: 'Node', object: 'n1' }) as const;

function ledgerThatHeard(...nodes: string[]): LedgerStore {
  const ledger = new LedgerStore();
  for (const node of nodes) ledger.applyHello(helloOf(node, [], []), 0);
  return ledger;
}

/** A grace of a second, and no other bound. */
const factsOf = (ledger: LedgerStore, counted = 0): GuardFacts => ({
  ledger,
  nowMs: 0,
  removalGuard: { ...noRemovalGuard, graceMs: 1_000 },
  emptiesPool: () => false,
  countedElsewhere: () => counted,
});

/** Which rule decides a question that only one guard can have something against. */
function ruleOf(cause: Cause, trouble: Partial<Question>, ledger = ledgerThatHeard('n1')): string {
  const facts = factsOf(ledger, 1);
  return admit({ cause, node: 'n1', evidence, doubts: [], ...trouble }, facts).rule;
}

/** A place that was withdrawn twice just now. */
function flapping(): LedgerStore {
  const ledger = ledgerThatHeard('n1');
  const route = {
    kind: 'route',
    prefix: 'p',
    service: 's',
    reason: 'Serving',
    gate: { mode: 'Auto', announceDelayMs: 0 },
    exports: [],
  } as const;
  for (let count = 0; count < 2; count++) {
    const orders = [
      { kind: 'set', node: 'n1', entry: route },
      { kind: 'remove', node: 'n1', key: 'route/p', countsAsFlap: true },
    ] as const;
    ledger.apply(governedOf('s', ...orders), 0);
  }
  return ledger;
}

describe('the admission table', () => {
  it('has a row for every cause of the governor, and a column for every guard', () => {
    expect(causes.sort()).toEqual(['attributes', 'bringUp', 'drain', 'hard', 'isolate', 'leave', 'narrowing', 'removal', 'soft']);
    for (const cause of causes) expect(Object.keys(admissionTable[cause]).sort()).toEqual([...guardNames].sort());
  });

  it('lets a person isolate, whatever is known', () => {
    expect(ruleOf('isolate', { evidence: [], doubts: [doubt('NodeUnknown'), doubt('InputStale')] }, new LedgerStore())).toBe('Admitted');
  });

  it.each(causes)('lets %s pass where nothing stands against it', (cause) => {
    expect(ruleOf(cause, {})).toBe('Admitted');
  });

  it.each(causes)('asks of %s exactly the guards of its row', (cause) => {
    const row = admissionTable[cause];
    const troubles = {
      speakerHeard: () => ruleOf(cause, {}, new LedgerStore()),
      presentInput: () => ruleOf(cause, { doubts: [doubt('InputMissing')] }),
      freshInput: () => ruleOf(cause, { doubts: [doubt('InputStale')] }),
      nodeKnown: () => ruleOf(cause, { doubts: [doubt('NodeUnknown')] }),
      positiveEvidence: () => ruleOf(cause, { evidence: [] }),
      speakerAble: () => ruleOf(cause, { needs: ['tcp-ao'] }),
      removalGuard: () => ruleOf(cause, { takes: { what: 'peer' } }),
      holdDown: () => ruleOf(cause, { comesUp: { prefix: 'p', node: 'n1' } }, flapping()),
    };
    for (const name of guardNames) expect([name, troubles[name]()]).toEqual([name, row[name] ? name : 'Admitted']);
  });

  it('never lets a health withdrawal pass by an unknown node, stale or missing input, or without evidence', () => {
    for (const cause of ['soft', 'hard'] as const) {
      expect(admissionTable[cause]).toMatchObject({ nodeKnown: true, freshInput: true, presentInput: true, positiveEvidence: true });
    }
  });
});

describe('a hold for doubts', () => {
  const facts = factsOf(ledgerThatHeard('n1'));

  it('wakes at the first moment that may change it, and counts them', () => {
    const doubts = [{ ...doubt('NodeUnknown'), untilMs: 20 }, { ...doubt('NodeUnknown'), untilMs: 10 }, doubt('NodeUnknown')];
    expect(admit({ cause: 'soft', node: 'n1', evidence, doubts }, facts)).toEqual({
      rule: 'nodeKnown',
      reason: 'NodeUnknown',
      inputs: { kind: 'Node', object: 'n1', doubts: 3 },
      untilMs: 10,
      exit: 'Node n1 is Ready for 30 s without a break.',
    });
  });

  it('names the kind where no object is in question', () => {
    const question = { cause: 'soft', node: 'n1', evidence } as const;
    expect(admit({ ...question, doubts: [{ reason: 'InputStale', kind: 'EndpointSlice' }] }, facts)).toMatchObject({
      inputs: { kind: 'EndpointSlice', doubts: 1 },
      exit: 'The API server answers again about objects of kind EndpointSlice; where it was restored from a backup, restart the operator to accept what it says now.',
    });
  });
});
