import { describe, expect, it } from 'vitest';
import { silentLogger } from '#obs/logger.ts';
import { VirtualClock } from '#runtime/virtual-clock.ts';
import { MemoryObjectSource, MemoryObjects } from './memory-object-source.ts';
import { isFresh, type ObjectChange } from './object-source.ts';
import { aSample, projectSample, type Sample } from './testing/samples.ts';
import { type SourceUnderTest, sourceContract } from './testing/source-contract.ts';

function aWorld() {
  const clock = new VirtualClock();
  const objects = new MemoryObjects();
  const source = new MemoryObjectSource<Sample>({ objects, project: projectSample, clock, logger: silentLogger });
  return { clock, objects, source };
}

function worldUnderTest(): Promise<SourceUnderTest> {
  const { clock, objects, source } = aWorld();
  return Promise.resolve({
    source,
    put: async (name, value) => void objects.put(aSample('ns', name, value)),
    delete: async (name) => objects.delete(`ns/${name}`),
    async interrupted({ historyLost }, during) {
      await clock.advanceAsync(1);
      source.setReachable(false);
      await during();
      if (historyLost) objects.compact();
      source.setReachable(true);
    },
    async until(condition) {
      for (let step = 0; step < 100 && !condition(); step++) await clock.advanceAsync(10);
      expect(condition()).toBe(true);
    },
    async close() {
      await source.stop();
      expect(clock.pendingTimers).toBeLessThanOrEqual(1);
    },
  });
}

sourceContract('in memory', worldUnderTest);

describe('an object source in memory', () => {
  it('stays fresh by bookmarks while it is reachable, and becomes stale when it is not', () => {
    const { clock, source } = aWorld();
    source.start(() => undefined);
    clock.advance(600_000);
    expect(isFresh(source.freshness, clock.nowMs())).toBe(true);
    source.setReachable(false);
    clock.advance(179_000);
    expect(isFresh(source.freshness, clock.nowMs())).toBe(false);
    expect(source.freshness.failure).toBeDefined();
    source.setReachable(true);
    clock.advance(60_000);
    expect(isFresh(source.freshness, clock.nowMs())).toBe(true);
  });

  it('lists again when it fell behind what is remembered', () => {
    const { clock, objects, source } = aWorld();
    const kinds: string[] = [];
    source.start((change: ObjectChange<Sample>) => kinds.push(change.kind));
    clock.advance(1);
    source.setReachable(false);
    for (let index = 0; index < 200_001; index++) objects.put(aSample('ns', 'a', String(index)));
    source.setReachable(true);
    clock.advance(1);
    expect(kinds).toEqual(['listed', 'upserted', 'listed']);
  });
});
