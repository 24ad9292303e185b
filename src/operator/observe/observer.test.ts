import { describe, expect, it } from 'vitest';
import type { Kind } from '#decide/view.ts';
import { type LogFields, silentLogger } from '#obs/logger.ts';
import { VirtualClock } from '#runtime/virtual-clock.ts';
import { limits } from '../limits.ts';
import { testSources } from '../testing/sources.ts';
import { Observer } from './observer.ts';
import type { Affected } from './view-store.ts';

const meta = { name: 'edge', namespace: 'dns' };
const labels = { 'kubernetes.io/service-name': 'edge' };
const slice = (ready: boolean, rest: object = { labels }) => ({
  metadata: { ...meta, ...rest },
  addressType: 'IPv4',
  endpoints: [{ nodeName: 'n1', conditions: { ready } }],
});
const pool = (addresses: unknown, rest: object = {}) => ({ metadata: { name: 'edge', ...rest }, spec: { addresses } });
const minutes = 60_000;

async function anObserver(prepare: (objects: ReturnType<typeof testSources>['objects']) => void = () => undefined) {
  const clock = new VirtualClock();
  const { objects, sources, secrets, secretObjects } = testSources(clock);
  prepare(objects);
  const affected: Affected[] = [];
  const changed: string[] = [];
  const lines: LogFields[] = [];
  let fresh = 0;
  const observer = new Observer({
    sources,
    secrets,
    clock,
    logger: { ...silentLogger, warn: (fields) => lines.push(fields) },
    onAffected: (what) => affected.push(what),
    onObject: (kind, key) => changed.push(`${kind} ${key}`),
    lookUp: async (kind, key) => (objects[kind].get(key) === undefined ? 'gone' : 'there'),
    onFresh: () => fresh++,
  });
  observer.start();
  await clock.advanceAsync(0);
  const reachable = async (is: boolean, ...kinds: readonly Kind[]): Promise<void> => {
    for (const kind of kinds.length === 0 ? observer.kinds : kinds) sources[kind].setReachable(is);
    await clock.advanceAsync(0);
  };
  return { clock, objects, sources, secretObjects, secrets, observer, affected, changed, lines, reachable, fresh: () => fresh };
}

const everything = { services: 'all', nodes: 'all' };

describe('observing', () => {
  it('tells what is affected, and which object it was', async () => {
    const { clock, objects, observer, affected, changed } = await anObserver();
    affected.length = 0;
    objects.EndpointSlice.put(slice(true));
    await clock.advanceAsync(0);
    expect(affected).toEqual([{ services: ['dns/edge'], nodes: [] }]);
    expect(changed).toEqual(['EndpointSlice dns/edge']);
    expect([...observer.view.slicesOf('dns/edge')]).toMatchObject([{ presence: 'present', endpoints: [{ node: 'n1', ready: true }] }]);
    expect([...observer.keys('EndpointSlice')]).toEqual(['dns/edge']);
    expect(observer.raw('EndpointSlice', 'dns/edge')?.addressType).toBe('IPv4');
  });

  it('is complete when all kinds were listed, and says which are not', async () => {
    const { observer } = await anObserver();
    expect([observer.complete, observer.failures()]).toEqual([true, []]);
    const clock = new VirtualClock();
    const waiting = new Observer({
      ...testSources(clock),
      clock,
      logger: silentLogger,
      onAffected: () => undefined,
      onObject: () => undefined,
      lookUp: async () => 'unknown',
      onFresh: () => undefined,
    });
    expect(waiting.complete).toBe(false);
    expect(waiting.failures()).toContain('Service: not listed yet');
  });

  it('names kinds that are out of reach, or went back in time', async () => {
    const { observer, reachable, sources } = await anObserver();
    await reachable(false, 'Node');
    expect(observer.failures()).toEqual(['Node: the API server does not answer']);
    await reachable(true, 'Node');
    const rewound = { ...sources.Service.freshness, failure: undefined, rewound: true };
    Object.defineProperty(sources.Service, 'freshness', { value: rewound });
    expect(observer.failures()).toContain('Service: the API server went back in time; nothing is decided from it');
  });

  it('ends all watches', async () => {
    const { clock, objects, observer, changed } = await anObserver();
    await observer.stop();
    objects.EndpointSlice.put(slice(true));
    await clock.advanceAsync(10_000);
    expect(changed).toEqual([]);
    expect(clock.pendingTimers).toBe(0);
  });
});

describe('what is gone', () => {
  it('is deleted where the API server said so, and is then remembered', async () => {
    const { clock, objects, observer } = await anObserver(({ AnycastPool }) => void AnycastPool.put(pool(['192.0.2.0/24'])));
    objects.AnycastPool.delete('edge');
    await clock.advanceAsync(0);
    expect(observer.view.get('AnycastPool', 'edge')?.presence).toBe('deleted');
    expect(observer.raw('AnycastPool', 'edge')).toBeUndefined();
    observer.forget('AnycastPool', 'edge');
    expect(observer.view.get('AnycastPool', 'edge')).toBeUndefined();
  });

  it('is missing where a list just does not have it any more, and present when it is back', async () => {
    const { clock, objects, sources, observer } = await anObserver(({ EndpointSlice }) => void EndpointSlice.put(slice(true)));
    objects.EndpointSlice.delete('dns/edge');
    objects.EndpointSlice.compact();
    await clock.advanceAsync(0);
    expect([...observer.view.slicesOf('dns/edge')]).toMatchObject([{ presence: 'missing', endpoints: [{ node: 'n1' }] }]);
    objects.EndpointSlice.put(slice(true));
    await clock.advanceAsync(0);
    expect([...observer.view.slicesOf('dns/edge')]).toMatchObject([{ presence: 'present' }]);
    expect(sources.EndpointSlice.freshness.failure).toBeUndefined();
  });

  it('is deleted where it was being deleted when it was last seen', async () => {
    const deletionTimestamp = '2026-01-01T00:00:00Z';
    const { clock, objects, observer } = await anObserver(
      ({ AnycastPool }) => void AnycastPool.put(pool(['192.0.2.0/24'], { deletionTimestamp })),
    );
    expect(observer.view.get('AnycastPool', 'edge')?.presence).toBe('deleting');
    objects.AnycastPool.delete('edge');
    objects.AnycastPool.compact();
    await clock.advanceAsync(0);
    expect(observer.view.get('AnycastPool', 'edge')?.presence).toBe('deleted');
  });

  it('is forgotten at once where it says nothing any more: slices, namespaces', async () => {
    const { clock, objects, observer, affected } = await anObserver(({ EndpointSlice, Namespace }) => {
      EndpointSlice.put(slice(true));
      Namespace.put({ metadata: { name: 'dns' } });
    });
    affected.length = 0;
    objects.EndpointSlice.delete('dns/edge');
    objects.Namespace.delete('dns');
    await clock.advanceAsync(0);
    expect([observer.view.get('EndpointSlice', 'dns/edge'), observer.view.namespace('dns')]).toEqual([undefined, undefined]);
    expect(affected.flatMap(({ services }) => services)).toContain('dns/edge');
  });

  it('is a slice that lost its label, or is of no Service', async () => {
    const { clock, objects, observer, affected } = await anObserver(({ EndpointSlice }) => void EndpointSlice.put(slice(true)));
    affected.length = 0;
    objects.EndpointSlice.put(slice(true, {}));
    await clock.advanceAsync(0);
    expect([...observer.view.slicesOf('dns/edge')]).toEqual([]);
    expect(affected.flatMap(({ services }) => services)).toContain('dns/edge');
    objects.EndpointSlice.put(slice(false, {}));
    await clock.advanceAsync(0);
    expect(observer.view.get('EndpointSlice', 'dns/edge')).toBeUndefined();
  });

  it('is remembered up to a bound, the oldest forgotten first', { timeout: 60_000 }, async () => {
    const { clock, objects, observer } = await anObserver();
    for (let count = 0; count <= limits.tombstones; count++) {
      const name = `p${count}`;
      objects.AnycastPool.put(pool(['192.0.2.0/24'], { name }));
      objects.AnycastPool.delete(name);
      if (count % 1_000 === 0) await clock.advanceAsync(0);
    }
    await clock.advanceAsync(0);
    expect(observer.view.get('AnycastPool', 'p0')).toBeUndefined();
    expect(observer.view.get('AnycastPool', 'p1')?.presence).toBe('deleted');
  });
});

describe('what can not be read', () => {
  it('keeps its last good form, and says once what is wrong until it is right', async () => {
    const { clock, objects, observer, lines } = await anObserver(({ AnycastPool }) => void AnycastPool.put(pool(['192.0.2.0/24'])));
    for (let count = 0; count < 2; count++) {
      objects.AnycastPool.put(pool(['nonsense']));
      await clock.advanceAsync(0);
    }
    expect(observer.view.get('AnycastPool', 'edge')?.prefixes).toHaveLength(1);
    expect(observer.problem('AnycastPool', 'edge')?.field).toBe('spec.addresses[0]');
    expect(lines).toMatchObject([{ event: 'object-refused', kind: 'AnycastPool', object: 'edge', field: 'spec.addresses[0]' }]);
    objects.AnycastPool.put(pool(['192.0.2.0/25']));
    await clock.advanceAsync(0);
    expect(observer.problem('AnycastPool', 'edge')).toBeUndefined();
  });

  it('is deleted as it was last read, and its problem with it', async () => {
    const { clock, objects, observer } = await anObserver(({ AnycastPool }) => void AnycastPool.put(pool(['192.0.2.0/24'])));
    objects.AnycastPool.put(pool(['nonsense']));
    await clock.advanceAsync(0);
    objects.AnycastPool.delete('edge');
    await clock.advanceAsync(0);
    expect(observer.view.get('AnycastPool', 'edge')).toMatchObject({ presence: 'deleted', prefixes: [{ length: 24 }] });
    expect(observer.problem('AnycastPool', 'edge')).toBeUndefined();
  });

  it('is nothing where it never could be', async () => {
    const { observer, affected } = await anObserver(({ AnycastPool }) => void AnycastPool.put(pool(['nonsense'])));
    expect(observer.view.get('AnycastPool', 'edge')).toBeUndefined();
    expect(affected).not.toContainEqual({ services: 'all', nodes: [] });
  });

  it('stays missing where it was, for nothing that was read says that it is there', async () => {
    const { clock, objects, observer } = await anObserver(({ AnycastPool }) => void AnycastPool.put(pool(['192.0.2.0/24'])));
    objects.AnycastPool.delete('edge');
    objects.AnycastPool.compact();
    await clock.advanceAsync(0);
    objects.AnycastPool.put(pool(['nonsense']));
    await clock.advanceAsync(0);
    expect(observer.view.get('AnycastPool', 'edge')).toMatchObject({ presence: 'missing', prefixes: [{ length: 24 }] });
  });

  it('is a missing configuration where AnycastConfig never could be: what it may forbid is not begun', async () => {
    const config = (mode: string) => ({ metadata: { name: 'default' }, spec: { mode } });
    const { clock, objects, observer } = await anObserver(({ AnycastConfig }) => void AnycastConfig.put(config('Sleep')));
    expect(observer.view.config()).toMatchObject({ presence: 'missing', claims: [], isObserved: false });
    objects.AnycastConfig.put(config('Doze'));
    await clock.advanceAsync(0);
    expect(observer.view.config()?.presence).toBe('missing');
    objects.AnycastConfig.put(config('Observe'));
    await clock.advanceAsync(0);
    expect(observer.view.config()).toMatchObject({ presence: 'present', isObserved: true });
    objects.AnycastConfig.delete('default');
    await clock.advanceAsync(0);
    expect(observer.view.config()?.presence).toBe('deleted');
  });
});

describe('freshness', () => {
  it('is there after the first lists, and then everything is decided', async () => {
    const { affected, fresh, clock } = await anObserver();
    await clock.advanceAsync(limits.freshnessCheckMs);
    expect(affected.filter((what) => what.services === 'all' && what.nodes === 'all').length).toBeGreaterThan(0);
    expect(fresh()).toBe(1);
  });

  it('regained decides everything again, once, where somebody asked while it was lost', async () => {
    const { clock, observer, affected, reachable, fresh } = await anObserver();
    await reachable(false);
    await clock.advanceAsync(10 * minutes);
    expect(observer.view.isFresh('EndpointSlice')).toBe(false);
    affected.length = 0;
    await reachable(true);
    await clock.advanceAsync(10 * minutes);
    expect(affected).toEqual([everything]);
    expect(fresh()).toBe(2);
  });

  it('regained is nothing where nobody asked', async () => {
    const { clock, affected, reachable } = await anObserver();
    await reachable(false);
    await clock.advanceAsync(10 * minutes);
    affected.length = 0;
    await reachable(true);
    await clock.advanceAsync(10 * minutes);
    expect(affected).toEqual([]);
  });

  it('of one kind does not wait for another that stays lost', async () => {
    const { clock, observer, affected, reachable, fresh } = await anObserver();
    await reachable(false);
    await clock.advanceAsync(10 * minutes);
    for (const kind of ['EndpointSlice', 'AnycastConfig'] as const) expect(observer.view.isFresh(kind)).toBe(false);
    affected.length = 0;
    await reachable(true, 'EndpointSlice');
    await clock.advanceAsync(10 * minutes);
    expect(affected).toEqual([everything]);
    expect(fresh()).toBe(1);
  });
});
