import { describe, expect, it } from 'vitest';
import { answerLeave, type Successor } from './leave.ts';
import { LedgerStore } from './ledger-store.ts';
import { aNode, anUnreadyNode } from './testing/builders.ts';
import { governedOf } from './testing/world.ts';
import type { ObservedNode, View } from './view.ts';

const prefix = '192.0.2.53/32';
const peers = [{ peer: 'tor', announced: true, reason: 'Announced' }] as const;

/** A ledger in which the speakers of these nodes announce the route, and know whose it is. */
function announcedBy(...nodes: readonly string[]): LedgerStore {
  const ledger = new LedgerStore();
  for (const node of nodes) {
    const entry = {
      kind: 'route',
      prefix,
      service: 'dns/edge',
      reason: 'Serving',
      gate: { mode: 'Auto', announceDelayMs: 1_000 },
      exports: [{ peers: ['tor'], attributes: { communities: [], largeCommunities: [], prepend: 0 } }],
    } as const;
    const hello = {
      kind: 'hello',
      protocol: 1,
      features: [],
      node,
      instance: node,
      bootId: 'b',
      software: '',
      epoch: 1,
      version: 1,
    } as const;
    const has = { digest: '0', entries: [], routes: [], sessions: [], permits: [] };
    ledger.applyHello({ ...hello, ...has }, 0);
    ledger.apply(governedOf('dns/edge', { kind: 'set', node, entry }), 0);
    ledger.applyReport(node, { routes: [{ prefix, peers, ageMs: 0 }] }, 0);
  }
  return ledger;
}

const answer = (node: ObservedNode | undefined, successor: Successor, ledger = announcedBy('n1', 'n2')) =>
  answerLeave({ node: () => node } as Pick<View, 'node'> as View, ledger, 'n1', successor);

describe('a speaker that leaves', () => {
  it('and is replaced closes quietly, also as the last that announces', () => {
    expect(answer(aNode(), 'comes')).toMatchObject({ action: 'restart', why: 'Replaced' });
    expect(answer(undefined, 'comes', announcedBy('n1'))).toMatchObject({ action: 'restart', why: 'Replaced' });
  });

  it.each<[string, ObservedNode, string]>([
    ['being deleted', aNode('n1', { presence: 'deleting' }), 'the Node is deleting'],
    ['deleted', aNode('n1', { presence: 'deleted' }), 'the Node is deleted'],
    ['drained', aNode('n1', { leavingTaint: 'node.kubernetes.io/unschedulable' }), 'taint node.kubernetes.io/unschedulable'],
    ['shutting down', anUnreadyNode(), 'not Ready'],
  ])('with a node that is %s takes its routes back, although a speaker would follow', (_, node, fact) => {
    expect(answer(node, 'comes')).toEqual({ action: 'withdraw', why: 'NodeLeaves', fact: expect.stringContaining(fact) });
  });

  it('and is not replaced, or perhaps not, takes its routes back', () => {
    expect(answer(aNode(), 'none')).toMatchObject({ action: 'withdraw', why: 'NotReplaced' });
    expect(answer(aNode(), 'unknown')).toMatchObject({ action: 'withdraw', why: 'NotKnown' });
  });

  it('stays where it announces what no other place does', () => {
    expect(answer(aNode(), 'none', announcedBy('n1'))).toMatchObject({ action: 'stay', last: prefix });
  });

  it('stays where the only other place is about to leave too', () => {
    const ledger = announcedBy('n1', 'n2');
    ledger.applyLost('n2');
    expect(answer(aNode(), 'none', ledger)).toMatchObject({ action: 'stay', last: prefix });
  });

  it('does not stay for a route that no router has from it', () => {
    const ledger = announcedBy('n1');
    ledger.applyReport('n1', { routes: [{ prefix, peers: [{ peer: 'tor', announced: false, reason: 'SessionDown' }], ageMs: 0 }] }, 0);
    expect(answer(aNode(), 'none', ledger)).toMatchObject({ action: 'withdraw' });
  });

  it('does not count on a place whose removal was ordered', () => {
    const ledger = announcedBy('n1', 'n2');
    const removal = { kind: 'remove', node: 'n2', key: `route/${prefix}`, countsAsFlap: false } as const;
    ledger.apply(governedOf('dns/edge', removal), 0);
    expect(answer(aNode(), 'none', ledger)).toMatchObject({ action: 'stay' });
  });
});
