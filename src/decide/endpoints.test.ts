import { describe, expect, it } from 'vitest';
import { classify, EndpointTable } from './endpoints.ts';
import { aNode, anUnreadyNode, aSlice, gone, leaving, notReady, ready } from './testing/builders.ts';
import { Cluster } from './testing/cluster.ts';
import type { ObservedEndpoint, ObservedObject } from './view.ts';

const yes = true;
const no = false;
const absent = undefined;

describe('the table of endpoint conditions', () => {
  const conditions = [yes, no, absent];
  const rows: [ready: boolean | undefined, serving: boolean | undefined, terminating: boolean | undefined, counts: string][] = [
    ...conditions.flatMap((serving) =>
      conditions.flatMap((terminating): [undefined | boolean, undefined | boolean, undefined | boolean, string][] => [
        [yes, serving, terminating, 'serving'],
        [absent, serving, terminating, 'serving'],
      ]),
    ),
    [no, yes, no, 'notServing'],
    [no, no, no, 'notServing'],
    [no, absent, no, 'notServing'],
    [no, yes, absent, 'notServing'],
    [no, no, absent, 'notServing'],
    [no, absent, absent, 'notServing'],
    [no, yes, yes, 'leaving'],
    [no, absent, yes, 'leaving'],
    [no, no, yes, 'gone'],
  ];

  it.each(rows)('ready %s, serving %s, terminating %s counts as %s', (isReady, serving, terminating, counts) => {
    const endpoint: ObservedEndpoint = {
      ...(isReady !== undefined && { ready: isReady }),
      ...(serving !== undefined && { serving }),
      ...(terminating !== undefined && { terminating }),
    };
    expect(classify(endpoint)).toBe(counts);
  });

  it('has a row for each of the 27 combinations', () => {
    expect(new Set(rows.map(([a, b, c]) => `${a} ${b} ${c}`)).size).toBe(27);
  });
});

const table = (...objects: ObservedObject[]) => new EndpointTable(new Cluster(aNode('n1'), aNode('n2'), ...objects), 'dns/edge', 'IPv4', 0);

describe('policy Local', () => {
  it('serves where an endpoint of the node is ready', () => {
    expect(table(aSlice([ready('n1'), notReady('n1'), notReady('n2')])).local('n1')).toEqual({
      wanted: 'yes',
      cause: 'bringUp',
      reason: 'Serving',
      evidence: [{ source: 'EndpointSlice', object: 'dns/edge-1', resourceVersion: '1', fact: '1 ready on n1' }],
      doubts: [],
    });
  });

  it('counts a node its own endpoints only', () => {
    expect(table(aSlice([ready('n1'), notReady('n2')])).local('n2')).toMatchObject({
      wanted: 'no',
      cause: 'soft',
      reason: 'NoReadyEndpoint',
    });
  });

  it('keeps a route that is up while only leaving endpoints are there', () => {
    expect(table(aSlice([leaving(), notReady(), gone()])).local('n1')).toMatchObject({ wanted: 'ifAnnounced', reason: 'Leaving' });
  });

  it('takes pods that are deleted and serve no more for hard evidence, unless one is only not ready', () => {
    expect(table(aSlice([gone()])).local('n1')).toMatchObject({ wanted: 'no', cause: 'hard', reason: 'NoReadyEndpoint' });
    expect(table(aSlice([gone(), notReady()])).local('n1')).toMatchObject({ wanted: 'no', cause: 'soft' });
  });

  it('looks at all slices of the family, and at no other family', () => {
    const slices = [aSlice([notReady()]), aSlice([ready()], {}, 'dns/edge-2'), aSlice([ready('n2')], { family: 'IPv6' }, 'dns/edge-v6')];
    expect(table(...slices).local('n1')).toMatchObject({ wanted: 'yes' });
    expect(table(...slices).local('n2')).toMatchObject({ wanted: 'no', reason: 'NoEndpoint' });
  });

  it('takes a slice without endpoints for evidence, and no slice at all for none', () => {
    expect(table(aSlice([])).local('n1').evidence).toHaveLength(1);
    expect(table().local('n1')).toMatchObject({ wanted: 'no', reason: 'NoEndpoint', evidence: [] });
  });

  it('takes neither deleted nor missing slices for evidence that nothing is there', () => {
    expect(table(aSlice([ready()], { presence: 'deleted' })).local('n1').evidence).toEqual([]);
    expect(table(aSlice([ready()], { presence: 'deleting' })).local('n1').evidence).toEqual([]);
    expect(table(aSlice([ready()], { presence: 'missing' })).local('n2').evidence).toEqual([]);
  });

  it('doubts what a slice that is missing said of its nodes', () => {
    const verdict = table(aSlice([notReady()], { presence: 'missing' })).local('n1');
    expect(verdict.doubts).toEqual([{ reason: 'InputMissing', kind: 'EndpointSlice', object: 'dns/edge-1' }]);
  });

  it('does not count endpoints without a node', () => {
    expect(table(aSlice([{ ready: true }])).local('n1')).toMatchObject({ wanted: 'no', reason: 'NoEndpoint' });
    expect([...table(aSlice([{ ready: true }, ready('n2')])).nodes()]).toEqual(['n2']);
  });

  it('names at most four slices, which is as good as forty', () => {
    const slices = Array.from({ length: 40 }, (_, index) => aSlice([notReady()], {}, `dns/edge-${index}`));
    expect(table(...slices).local('n1').evidence).toHaveLength(4);
  });

  it.each([
    ['is not Ready', anUnreadyNode('n1'), [{ reason: 'NodeUnknown', kind: 'Node', object: 'n1' }]],
    [
      'became Ready less than 30 s ago',
      aNode('n1', { readySinceMs: -29_999 }),
      [{ reason: 'NodeUnknown', kind: 'Node', object: 'n1', untilMs: 1 }],
    ],
    ['became Ready 30 s ago', aNode('n1', { readySinceMs: -30_000 }), []],
    ['is missing', aNode('n1', { presence: 'missing' }), [{ reason: 'InputMissing', kind: 'Node', object: 'n1' }]],
    ['is being deleted', aNode('n1', { presence: 'deleting' }), []],
    ['is gone', aNode('n1', { presence: 'deleted' }), [{ reason: 'NodeUnknown', kind: 'Node', object: 'n1' }]],
  ] as const)('says what stands against it while the node %s', (_, node, doubts) => {
    expect(table(aSlice([notReady()]), node).local('n1').doubts).toEqual(doubts);
  });

  it('doubts what is said of a node that was never seen', () => {
    expect(table(aSlice([notReady('n9')])).local('n9').doubts).toEqual([{ reason: 'InputMissing', kind: 'Node', object: 'n9' }]);
  });

  it('doubts what is stale', () => {
    const cluster = new Cluster(aNode('n1'), aSlice([notReady()]));
    cluster.stale('EndpointSlice', 'Node');
    expect(new EndpointTable(cluster, 'dns/edge', 'IPv4', 0).local('n1').doubts).toEqual([
      { reason: 'InputStale', kind: 'EndpointSlice' },
      { reason: 'InputStale', kind: 'Node' },
    ]);
  });
});

describe('policy Cluster', () => {
  it('serves everywhere while any endpoint is ready, also one without a node', () => {
    expect(table(aSlice([notReady('n1'), ready('n2')])).cluster()).toMatchObject({ wanted: 'yes', doubts: [] });
    expect(table(aSlice([notReady('n1'), { ready: true }])).cluster()).toMatchObject({ wanted: 'yes', doubts: [] });
  });

  it('is not kept waiting by an unknown node while a known one serves', () => {
    expect(table(aSlice([notReady('n1'), ready('n2')]), anUnreadyNode('n1')).cluster()).toMatchObject({ wanted: 'yes', doubts: [] });
  });

  it('knows nothing while the only endpoints that might serve are on an unknown node', () => {
    const verdict = table(aSlice([notReady('n1'), notReady('n2')]), anUnreadyNode('n1')).cluster();
    expect(verdict).toMatchObject({ wanted: 'no', doubts: [{ reason: 'NodeUnknown', object: 'n1' }] });
  });

  it('believes that nothing serves where all nodes are known', () => {
    expect(table(aSlice([notReady('n1')])).cluster()).toMatchObject({ wanted: 'no', reason: 'NoReadyEndpoint', doubts: [] });
    expect(table(aSlice([])).cluster()).toMatchObject({ wanted: 'no', reason: 'NoEndpoint', doubts: [] });
  });
});
