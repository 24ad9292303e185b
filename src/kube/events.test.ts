import { describe, expect, it } from 'vitest';
import { silentLogger } from '#obs/logger.ts';
import { seededRandom } from '#runtime/random.ts';
import { err, ok } from '#runtime/result.ts';
import { VirtualClock } from '#runtime/virtual-clock.ts';
import type { ApiError } from './api-error.ts';
import { EventRecorder } from './events.ts';
import type { KubeClient } from './kube-client.ts';
import { limits } from './limits.ts';

type Sent = { readonly verb: 'create' | 'patch'; readonly name: string; readonly body: Readonly<Record<string, unknown>> };

function recording() {
  const clock = new VirtualClock();
  const sent: Sent[] = [];
  const answers: { next: ApiError | undefined } = { next: undefined };
  const answer = () => {
    const { next } = answers;
    answers.next = undefined;
    return Promise.resolve(next === undefined ? ok({ metadata: {} }) : err(next));
  };
  const client = {
    create: (_, body) => {
      sent.push({ verb: 'create', name: body.metadata.name ?? '', body });
      return answer();
    },
    patch: (_, ref, body) => {
      sent.push({ verb: 'patch', name: ref.name, body });
      return answer();
    },
  } as Partial<KubeClient> as KubeClient;
  const random = seededRandom(1);
  const recorder = new EventRecorder({ client, clock, random, logger: silentLogger, controller: 'example.org/test', instance: 't-1' });
  const record = async (reason: string, subject: { name?: string; namespace?: string; note?: string; series?: string } = {}) => {
    const { name = 'edge', namespace = 'dns', note = 'It is so.', series } = subject;
    const regarding = { apiVersion: 'v1', kind: 'Service', name, uid: `uid-of-${name}`, ...(namespace !== '' && { namespace }) };
    recorder.record({ regarding, type: 'Normal', reason, action: 'Announce', note, ...(series !== undefined && { series }) });
    await clock.advanceAsync(0);
  };
  return { clock, sent, recorder, record, failNext: (error: ApiError) => (answers.next = error) };
}

describe('the event recorder', () => {
  it('writes a new event with all that the API wants', async () => {
    const { sent, record } = recording();
    await record('Announced');
    expect(sent).toHaveLength(1);
    expect(sent[0]?.name).toMatch(/^edge\.[0-9a-f]+$/);
    expect(sent[0]?.body).toMatchObject({
      metadata: { namespace: 'dns' },
      eventTime: '2026-01-01T00:00:00.000000Z',
      reportingController: 'example.org/test',
      reportingInstance: 't-1',
      action: 'Announce',
      reason: 'Announced',
      type: 'Normal',
      note: 'It is so.',
      regarding: { kind: 'Service', namespace: 'dns', name: 'edge', uid: 'uid-of-edge' },
    });
  });

  it('keeps apart what is told apart, and counts what is not', async () => {
    const { sent, record } = recording();
    await record('Refused', { note: 'a', series: 'a' });
    await record('Refused', { note: 'b', series: 'b' });
    await record('Refused', { note: 'b', series: 'b' });
    expect(sent.map(({ verb, body }) => `${verb} ${body['note'] ?? ''}`)).toEqual(['create a', 'create b', 'patch ']);
  });

  it('puts events about cluster-wide objects into the namespace default', async () => {
    const { sent, record } = recording();
    await record('Announced', { namespace: '' });
    expect(sent[0]?.body).toMatchObject({ metadata: { namespace: 'default' } });
  });

  it('cuts notes and names that are too long', async () => {
    const { sent, record } = recording();
    await record('Announced', { name: 'n'.repeat(253), note: 'x'.repeat(5_000) });
    expect(sent[0]?.name.length).toBeLessThanOrEqual(253);
    expect(sent[0]?.body['note']).toBe('x'.repeat(limits.eventNote));
  });

  it('counts what happens again within 6 minutes, and begins anew after them', async () => {
    const { clock, sent, record } = recording();
    await record('Announced');
    clock.advance(limits.eventSeriesMs);
    await record('Announced');
    expect(sent[1]).toMatchObject({
      verb: 'patch',
      name: sent[0]?.name,
      body: { series: { count: 2, lastObservedTime: '2026-01-01T00:06:00.000000Z' } },
    });
    clock.advance(limits.eventSeriesMs + 1);
    await record('Announced');
    expect(sent[2]?.verb).toBe('create');
    expect(sent[2]?.name).not.toBe(sent[0]?.name);
  });

  it('drops what comes too fast, and counts it', async () => {
    const { clock, sent, recorder, record } = recording();
    for (let index = 0; index < limits.eventBurst + 7; index++) await record('Announced', { name: `service-${index}` });
    expect(sent).toHaveLength(limits.eventBurst);
    expect(recorder.dropped).toBe(7);
    clock.advance(10_000);
    await record('Announced', { name: 'later' });
    expect(sent).toHaveLength(limits.eventBurst + 1);
  });

  it('drops what the API server refuses, and begins anew next time', async () => {
    const { sent, recorder, record, failNext } = recording();
    failNext({ status: 403, reason: 'Forbidden', message: 'no' });
    await record('Announced');
    await record('Announced');
    expect(sent.map(({ verb }) => verb)).toEqual(['create', 'create']);
    expect(recorder.dropped).toBe(1);
  });

  it('begins anew when the API server has forgotten the event', async () => {
    const { sent, record, failNext } = recording();
    await record('Announced');
    failNext({ status: 404, reason: 'NotFound', message: 'gone' });
    await record('Announced');
    await record('Announced');
    expect(sent.map(({ verb }) => verb)).toEqual(['create', 'patch', 'create']);
  });

  it('keeps counting when a count could not be written', async () => {
    const { sent, record, failNext } = recording();
    await record('Announced');
    failNext({ status: 500, reason: 'InternalError', message: 'oops' });
    await record('Announced');
    await record('Announced');
    expect(sent.at(-1)).toMatchObject({ verb: 'patch', body: { series: { count: 3 } } });
  });

  it('remembers a bounded number of events', async () => {
    const { clock, sent, record } = recording();
    for (let index = 0; index <= limits.eventSeries; index++) {
      clock.advance(200);
      await record('Announced', { name: `service-${index}` });
    }
    clock.advance(200);
    await record('Announced', { name: 'service-0' });
    expect(sent.at(-1)?.verb).toBe('create');
    clock.advance(200);
    await record('Announced', { name: 'service-1000' });
    expect(sent.at(-1)?.verb).toBe('patch');
  });
});
