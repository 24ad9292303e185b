import { describe, expect, it } from 'vitest';
import { type LogFields, silentLogger } from '#obs/logger.ts';
import { VirtualClock } from '#runtime/virtual-clock.ts';
import { limits } from '../limits.ts';
import { Absences, type LookUp } from './absences.ts';

type Answer = Awaited<ReturnType<LookUp>>;

/** An API server with `count` slices left, which answers look-ups, and lists when it is asked to. */
function setUp({ count = 100, answer = 'gone' as Answer } = {}) {
  const clock = new VirtualClock();
  const world = { answer, clusterUid: 'c1' as string | undefined, lists: 0, listing: true };
  const gone: string[] = [];
  const errors: LogFields[] = [];
  const asked: string[] = [];
  const absences = new Absences({
    clock,
    logger: { ...silentLogger, error: (fields) => errors.push(fields) },
    lookUp: async (_, key) => {
      asked.push(key);
      return world.answer;
    },
    relist: (kind) => {
      world.lists++;
      if (world.listing) clock.soon(() => absences.listed(kind));
    },
    count: () => count,
    clusterUid: () => world.clusterUid,
    onGone: (kind, key) => gone.push(`${kind} ${key}`),
  });
  const pass = (ms: number): Promise<void> => clock.advanceAsync(ms);
  return { clock, world, gone, errors, asked, absences, pass };
}

describe('an object that vanished from a list', () => {
  it('is gone when a second list, ten seconds later, and the look-up agree', async () => {
    const { absences, gone, asked, pass, world, clock } = setUp();
    absences.vanished('EndpointSlice', 'dns/a');
    absences.listed('EndpointSlice');
    await pass(limits.absenceConfirmMs - 1);
    expect({ asked, gone, lists: world.lists }).toEqual({ asked: [], gone: [], lists: 0 });
    await pass(1);
    expect(gone).toEqual(['EndpointSlice dns/a']);
    await pass(10 * limits.absenceConfirmMs);
    expect({ gone: gone.length, lists: world.lists, timers: clock.pendingTimers }).toEqual({ gone: 1, lists: 1, timers: 0 });
  });

  it.each(['there', 'unknown'] as const)('stays as it was while the look-up says %s, and is asked for again', async (answer) => {
    const { absences, gone, pass, world } = setUp({ answer });
    absences.vanished('EndpointSlice', 'dns/a');
    await pass(3 * limits.absenceConfirmMs);
    expect({ gone, lists: world.lists }).toEqual({ gone: [], lists: 3 });
    world.answer = 'gone';
    await pass(limits.absenceConfirmMs);
    expect(gone).toEqual(['EndpointSlice dns/a']);
  });

  it('is not asked for while no list is read, nor after it came back', async () => {
    const { absences, asked, pass, world, clock } = setUp();
    world.listing = false;
    absences.vanished('EndpointSlice', 'dns/a');
    await pass(2 * limits.absenceConfirmMs);
    absences.settled('EndpointSlice', 'dns/a');
    absences.listed('EndpointSlice');
    await pass(2 * limits.absenceConfirmMs);
    expect({ asked, timers: clock.pendingTimers }).toEqual({ asked: [], timers: 0 });
  });

  it('is not gone when it came back while it was asked for', async () => {
    const { absences, gone, pass, clock } = setUp();
    absences.vanished('EndpointSlice', 'dns/a');
    clock.after(limits.absenceConfirmMs, () => clock.soon(() => absences.settled('EndpointSlice', 'dns/a')));
    await pass(limits.absenceConfirmMs);
    expect(gone).toEqual([]);
  });

  it.each(['c2', undefined])('is not gone in another cluster (kube-system is %s)', async (clusterUid) => {
    const { absences, gone, pass, world } = setUp();
    absences.vanished('EndpointSlice', 'dns/a');
    world.clusterUid = clusterUid;
    await pass(3 * limits.absenceConfirmMs);
    expect(gone).toEqual([]);
  });

  it('asks nobody after the end', async () => {
    const { absences, asked, pass } = setUp();
    absences.vanished('EndpointSlice', 'dns/a');
    absences.stop();
    await pass(2 * limits.absenceConfirmMs);
    expect(asked).toEqual([]);
  });
});

describe('many objects that vanish at once', () => {
  it.each([
    ['two of seven', 2, 5],
    ['more than a hundred of any number', 101, 10_000],
  ])('are held, and it is said once: %s', async (_, vanished, left) => {
    const { absences, asked, errors, pass } = setUp({ count: left });
    for (let index = 0; index < vanished; index++) absences.vanished('EndpointSlice', `dns/${index}`);
    await pass(3 * limits.absenceConfirmMs);
    expect(asked).toEqual([]);
    expect(errors).toMatchObject([{ event: 'absence-held', kind: 'EndpointSlice', vanished }]);
  });

  it.each([
    ['the only one', 1, 0],
    ['a quarter', 2, 6],
  ])('are asked for when they are few: %s', async (_, vanished, left) => {
    const { absences, gone, pass } = setUp({ count: left });
    for (let index = 0; index < vanished; index++) absences.vanished('EndpointSlice', `dns/${index}`);
    await pass(limits.absenceConfirmMs);
    expect(gone).toHaveLength(vanished);
  });

  it('are asked for again when most of them came back', async () => {
    const { absences, gone, pass } = setUp({ count: 5 });
    for (const key of ['a', 'b', 'c']) absences.vanished('Service', key);
    await pass(limits.absenceConfirmMs);
    for (const key of ['a', 'b']) absences.settled('Service', key);
    await pass(limits.absenceConfirmMs);
    expect(gone).toEqual(['Service c']);
  });
});
