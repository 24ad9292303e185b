import { describe, expect, it } from 'vitest';
import { digestOf, entryHash } from '#state/digest.ts';
import type { EncodedEntry } from '#state/entry.ts';
import type { Hello, OperatorMessage } from '#state/messages.ts';
import { NodeDelivery } from './node-delivery.ts';

const entry = (key: string, content = key): EncodedEntry => ({ key, bytes: new TextEncoder().encode(content) });

function helloWith(entries: readonly EncodedEntry[], rest: Partial<Hello> = {}): Hello {
  return {
    kind: 'hello',
    protocol: 1,
    features: [],
    node: 'n1',
    instance: 'i1',
    bootId: 'b1',
    software: 'test',
    epoch: 0,
    version: 0,
    digest: digestOf(entries),
    entries: entries.map((item) => ({ key: item.key, hash: entryHash(item) })),
    routes: [],
    sessions: [],
    permits: [],
    ...rest,
  };
}

function connected(applied: readonly EncodedEntry[] = [], rest: Partial<Hello> = {}) {
  const sent: OperatorMessage[] = [];
  const delivery = new NodeDelivery(() => 7);
  const connect = (entries: readonly EncodedEntry[]): void => delivery.connect(helloWith(entries, rest), (message) => sent.push(message));
  connect(applied);
  return { delivery, sent, connect };
}

describe('delivery to a node', () => {
  it('sends nothing once the term is over, also when an acknowledgement makes room', () => {
    let epoch: number | undefined = 7;
    const sent: OperatorMessage[] = [];
    const delivery = new NodeDelivery(() => epoch);
    delivery.connect(helloWith([]), (message) => sent.push(message));
    delivery.flush();
    delivery.set(entry('route/a'));
    epoch = undefined;
    delivery.onAck(1, []);
    delivery.onNack(1);
    delivery.flush();
    expect(sent.map(({ kind }) => kind)).toEqual(['full']);
    expect(delivery.applied).toBeUndefined();
  });

  it('answers a Hello with the whole state, and names what the speaker has already', () => {
    const same = entry('route/a');
    const { delivery, sent } = connected([same, entry('peer/p', 'old')]);
    delivery.set(same);
    delivery.set(entry('peer/p', 'new'));
    delivery.flush();
    expect(sent).toEqual([
      {
        kind: 'full',
        epoch: 7,
        version: 1,
        entries: [entry('peer/p', 'new')],
        keep: ['route/a'],
        digest: digestOf([same, entry('peer/p', 'new')]),
      },
    ]);
  });

  it('keeps what the speaker has and this leader has not seen, until it is removed', () => {
    const orphan = entry('route/orphan');
    const { delivery, sent } = connected([orphan]);
    delivery.flush();
    expect(sent[0]).toMatchObject({ kind: 'full', entries: [], keep: ['route/orphan'], digest: digestOf([orphan]) });
    delivery.onAck(1, []);
    delivery.remove('route/orphan');
    delivery.flush();
    expect(sent[1]).toMatchObject({
      kind: 'delta',
      baseVersion: 1,
      version: 2,
      removals: ['route/orphan'],
      upserts: [],
      digest: digestOf([]),
    });
  });

  it('does not take for an orphan what it removed while the speaker was away', () => {
    const route = entry('route/a');
    const { delivery, sent, connect } = connected([]);
    delivery.set(route);
    delivery.flush();
    delivery.onAck(1, []);
    delivery.disconnect();
    delivery.remove('route/a');
    connect([route]);
    delivery.flush();
    expect(sent[1]).toMatchObject({ kind: 'full', entries: [], keep: [], digest: digestOf([]) });
  });

  it('does not take for an orphan what it removed in a message that the end of the stream swallowed', () => {
    const route = entry('route/a');
    const { delivery, sent, connect } = connected([]);
    delivery.set(route);
    delivery.flush();
    delivery.onAck(1, []);
    delivery.remove('route/a');
    delivery.flush();
    delivery.disconnect();
    connect([route]);
    delivery.flush();
    expect(sent[2]).toMatchObject({ kind: 'full', entries: [], keep: [], digest: digestOf([]) });
  });

  it('has one message outstanding and coalesces what changes meanwhile', () => {
    const { delivery, sent } = connected();
    delivery.flush();
    delivery.set(entry('route/a'));
    delivery.set(entry('route/b'));
    delivery.flush();
    delivery.remove('route/a');
    delivery.set(entry('route/b', 'newer'));
    delivery.flush();
    expect(sent).toHaveLength(1);
    delivery.onAck(1, []);
    expect(sent[1]).toMatchObject({ kind: 'delta', removals: ['route/a'], upserts: [entry('route/b', 'newer')] });
    expect(delivery.settled).toBe(false);
    delivery.onAck(2, []);
    expect(delivery.settled).toBe(true);
    expect(sent).toHaveLength(2);
  });

  it('says nothing where nothing changed', () => {
    const { delivery, sent } = connected();
    delivery.set(entry('route/a'));
    delivery.flush();
    delivery.onAck(1, []);
    delivery.set(entry('route/a'));
    delivery.remove('route/unknown');
    delivery.flush();
    expect(sent).toHaveLength(1);
  });

  it('sends everything again after a Nack, whatever the speaker said before', () => {
    const { delivery, sent } = connected();
    delivery.set(entry('route/a'));
    delivery.flush();
    delivery.onNack(1);
    expect(sent[1]).toMatchObject({ kind: 'full', version: 2, entries: [entry('route/a')], keep: [] });
  });

  it('ignores acknowledgements of versions that are not outstanding', () => {
    const { delivery, sent } = connected();
    delivery.flush();
    delivery.set(entry('route/a'));
    delivery.onAck(99, []);
    delivery.onNack(99);
    delivery.flush();
    expect(sent).toHaveLength(1);
  });

  it('remembers which entries the speaker refused', () => {
    const { delivery } = connected();
    delivery.flush();
    delivery.onAck(1, [{ key: 'peer/p', message: 'no' }]);
    expect(delivery.rejected).toEqual([{ key: 'peer/p', message: 'no' }]);
  });

  it('goes on above the version that the speaker has in the same term', () => {
    const { delivery, sent } = connected([], { epoch: 7, version: 41 });
    delivery.flush();
    expect(sent[0]).toMatchObject({ version: 42 });
  });

  it('knows that an entry is gone when its removal is acknowledged, and not before', () => {
    const { delivery, connect } = connected();
    expect(delivery.isGone('peer/p')).toBe(true);
    delivery.set(entry('peer/p'));
    delivery.flush();
    delivery.onAck(1, []);
    delivery.remove('peer/p');
    expect(delivery.isGone('peer/p')).toBe(false);
    delivery.flush();
    expect(delivery.isGone('peer/p')).toBe(false);
    delivery.disconnect();
    expect(delivery.isGone('peer/p')).toBe(false);
    connect([entry('peer/p')]);
    delivery.flush();
    expect(delivery.isGone('peer/p')).toBe(false);
    delivery.onAck(3, []);
    expect(delivery.isGone('peer/p')).toBe(true);
  });

  it('knows what was last acknowledged', () => {
    const { delivery } = connected();
    expect(delivery.applied).toBeUndefined();
    delivery.flush();
    delivery.onAck(1, []);
    expect(delivery.applied).toEqual({ epoch: 7, version: 1 });
  });

  it('has nothing to say to a node that is not connected', () => {
    const delivery = new NodeDelivery(() => 7);
    delivery.set(entry('route/a'));
    delivery.flush();
    expect([delivery.connected, delivery.settled, delivery.has('route/a')]).toEqual([false, false, true]);
  });
});
