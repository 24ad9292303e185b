import { describe, expect, it } from 'vitest';
import type { ApiError } from '#kube/api-error.ts';
import type { KubeClient } from '#kube/kube-client.ts';
import type { ResourceType } from '#kube/resource.ts';
import { type LogFields, silentLogger } from '#obs/logger.ts';
import { err, ok, type Result } from '#runtime/result.ts';
import { VirtualClock } from '#runtime/virtual-clock.ts';
import { StatusWriter, type Subject, type Write } from './status-writer.ts';

const type: ResourceType = { group: 'x', version: 'v1', kind: 'Thing', plural: 'things', namespaced: false };
const status = (name = 'a'): Write => ({ type, ref: { name }, subresource: 'status', patch: { status: {} } });
const finalizer: Write = { type, ref: { name: 'a' }, patch: { metadata: { finalizers: [] } } };
const refused = (code: number, reason: string): ApiError => ({ status: code, reason, message: reason });

function aWriter(subject: Partial<Subject> & Pick<Subject, 'next'>) {
  const clock = new VirtualClock();
  const sent: string[] = [];
  const lines: LogFields[] = [];
  const answers: Result<never, ApiError>[] = [];
  const world = { leading: true };
  const answer = (what: string, { tries }: { tries?: number }) => {
    // A client that repeats by itself would do so also when another leads by then.
    expect(tries).toBe(1);
    sent.push(`${what} at ${clock.nowMs()}`);
    return Promise.resolve(answers.shift() ?? ok({ metadata: {} }));
  };
  const client = {
    create: (_type: unknown, _object: unknown, options: { tries?: number }) => answer('create', options),
    delete: (_type: unknown, _ref: unknown, options: { resourceVersion: string; tries?: number }) =>
      answer(`delete at version ${options.resourceVersion}`, options),
    patch: (_type: unknown, ref: { name: string }, _patch: unknown, options: { subresource?: string; tries?: number }) =>
      answer(`patch ${ref.name} ${options.subresource ?? 'object'}`, options),
  } as unknown as KubeClient;
  const writer = new StatusWriter({
    client,
    clock,
    logger: { ...silentLogger, warn: (fields) => lines.push(fields) },
    mayWrite: () => world.leading,
    subjects: { Thing: { intervalMs: 1_000, ...subject } },
  });
  writer.start();
  return { clock, writer, sent, lines, answers, world };
}

describe('writing a status', () => {
  it('waits for kinds that routes wait for', async () => {
    const clock = new VirtualClock();
    const sent: string[] = [];
    const patch = (_type: unknown, { name }: { name: string }) => {
      sent.push(name);
      return Promise.resolve(ok({ metadata: {} }));
    };
    const subject = { intervalMs: 1_000, next: status };
    const writer = new StatusWriter({
      client: { patch } as unknown as KubeClient,
      clock,
      logger: silentLogger,
      mayWrite: () => true,
      subjects: { Thing: subject, Address: { ...subject, goesFirst: true } },
    });
    for (let count = 0; count < 20; count++) writer.touch('Thing', `thing-${count}`);
    writer.touch('Address', 'address');
    writer.start();
    await clock.advanceAsync(0);
    expect([sent[0], sent.length]).toEqual(['address', 21]);
  });

  it('happens at once, and again only after the interval, with what is true then', async () => {
    let wanted: Write | undefined = status();
    const { clock, writer, sent } = aWriter({ next: () => wanted });
    for (let count = 0; count < 10; count++) {
      writer.touch('Thing', 'a');
      await clock.advanceAsync(100);
    }
    expect(sent).toEqual(['patch a status at 0', 'patch a status at 1000']);
    wanted = undefined;
    writer.touch('Thing', 'a');
    await clock.advanceAsync(5_000);
    expect(sent).toHaveLength(2);
  });

  it('does not wait where it is urgent, though it was looked at a moment ago', async () => {
    let wanted: Write | undefined;
    const { clock, writer, sent } = aWriter({ next: () => wanted, isUrgent: () => wanted !== undefined });
    writer.touch('Thing', 'a');
    await clock.advanceAsync(10);
    wanted = { type, create: { metadata: { name: 'a' } } };
    writer.touch('Thing', 'a');
    await clock.advanceAsync(0);
    expect(sent).toEqual(['create at 10']);
  });

  it('looks at most once per interval where nothing is to be written', async () => {
    let looks = 0;
    const { clock, writer } = aWriter({
      next: () => {
        looks++;
        return undefined;
      },
    });
    for (let count = 0; count < 100; count++) {
      writer.touch('Thing', 'a');
      await clock.advanceAsync(10);
    }
    expect(looks).toBe(2);
  });

  it('does not make finalizers, creations and deletions wait', async () => {
    const writes: Write[] = [finalizer, { type, create: { metadata: {} } }, { type, ref: { name: 'a' }, delete: { resourceVersion: '7' } }];
    const { clock, writer, sent } = aWriter({ next: () => writes.shift() });
    for (let count = 0; count < 3; count++) {
      writer.touch('Thing', 'a');
      await clock.advanceAsync(1);
    }
    expect(sent).toEqual(['patch a object at 0', 'create at 1', 'delete at version 7 at 2']);
  });

  it('does nothing for kinds that nobody writes about', async () => {
    const { clock, writer, sent } = aWriter({ next: () => status() });
    writer.touch('Other', 'a');
    await clock.advanceAsync(1_000);
    expect(sent).toEqual([]);
  });

  it('is forgotten where this replica does not lead', async () => {
    const { clock, writer, sent, world } = aWriter({ next: () => status() });
    world.leading = false;
    writer.touch('Thing', 'a');
    await clock.advanceAsync(1_000);
    world.leading = true;
    await clock.advanceAsync(10_000);
    expect(sent).toEqual([]);
  });

  it('keeps to so many per second over all keys, and forgets none', async () => {
    const { clock, writer, sent } = aWriter({ next: (key) => status(key), perSecond: 10 });
    for (let count = 0; count < 30; count++) writer.touch('Thing', `k${count}`);
    await clock.advanceAsync(0);
    expect(sent).toHaveLength(10);
    writer.touch('Thing', 'k29');
    await clock.advanceAsync(0);
    expect(sent).toHaveLength(10);
    await clock.advanceAsync(1_000);
    expect(sent).toHaveLength(20);
    await clock.advanceAsync(1_000);
    expect(new Set(sent.map((line) => line.split(' ')[1])).size).toBe(30);
  });
});

describe('a write that fails', () => {
  it('is tried again later, and said', async () => {
    const { clock, writer, sent, lines, answers } = aWriter({ next: () => status() });
    answers.push(err(refused(500, 'InternalError')));
    writer.touch('Thing', 'a');
    await clock.advanceAsync(10_000);
    expect(sent).toHaveLength(2);
    expect(lines).toMatchObject([{ event: 'status-write-failed', object: 'Thing a' }]);
  });

  it('because the object changed is tried again without a word', async () => {
    const { clock, writer, sent, lines, answers } = aWriter({ next: () => status() });
    answers.push(err(refused(409, 'Conflict')));
    writer.touch('Thing', 'a');
    await clock.advanceAsync(10_000);
    expect([sent.length, lines]).toEqual([2, []]);
  });

  it('because the object is gone is over', async () => {
    const { clock, writer, sent, lines, answers } = aWriter({ next: () => status() });
    answers.push(err(refused(404, 'NotFound')));
    writer.touch('Thing', 'a');
    await clock.advanceAsync(60_000);
    expect([sent.length, lines]).toEqual([1, []]);
  });

  it('does not hold up others, and ends with the writer', async () => {
    const { clock, writer, sent, answers } = aWriter({ next: (key) => status(key) });
    for (let count = 0; count < 20; count++) answers.push(err(refused(503, 'Unavailable')));
    writer.touch('Thing', 'a');
    await clock.advanceAsync(0);
    answers.length = 0;
    writer.touch('Thing', 'b');
    await clock.advanceAsync(0);
    expect(sent).toContain('patch b status at 0');
    await writer.stop();
    const before = sent.length;
    writer.touch('Thing', 'c');
    await clock.advanceAsync(60_000);
    expect([sent.length, clock.pendingTimers]).toEqual([before, 0]);
  });
});
