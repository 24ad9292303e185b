import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { limits } from './limits.ts';
import { grpcHarness, type LinkHarness, memoryHarness, open } from './testing/link-harness.ts';
import { aHello, operatorMessages, speakerUpdates } from './testing/messages.ts';

describe.each([
  ['in memory', memoryHarness],
  ['over gRPC', grpcHarness],
])('a link %s', (_name, start) => {
  let harness: LinkHarness;
  beforeEach(async () => {
    harness = await start();
  });
  afterEach(() => harness.stop());

  /** A speaker that said Hello, and the operator's end of its link. */
  async function connected(hello = aHello()) {
    const count = harness.speakers.length;
    const speaker = await open(harness, hello.node, hello);
    await harness.until(() => harness.speakers.length > count);
    const operator = harness.speakers[count];
    if (operator === undefined) throw new Error('no link was handed over');
    return { speaker, operator };
  }

  it('is handed to the operator with the Hello as it was said', async () => {
    const hello = aHello({
      features: ['x'],
      epoch: 3,
      version: 9,
      digest: 'ffffffffffffffff',
      entries: [{ key: 'node', hash: '0123456789abcdef' }],
      routes: [{ prefix: '192.0.2.53/32', peers: [{ peer: 'tor', announced: false, reason: 'SessionDown' }], ageMs: 3 }],
      permits: ['192.0.2.53/32'],
    });
    const { operator, speaker } = await connected(hello);
    expect(operator.hello).toEqual(hello);
    expect(operator.link.node).toBe('n1');
    expect(speaker.link.operator).not.toBe('');
  });

  it('carries every kind of message both ways, whole and in order', async () => {
    const { speaker, operator } = await connected();
    for (const message of operatorMessages) operator.link.send(message);
    for (const message of speakerUpdates) speaker.link.send(message);
    await harness.until(() => speaker.messages.length === operatorMessages.length && operator.messages.length === speakerUpdates.length);
    expect(speaker.messages).toEqual(operatorMessages);
    expect(operator.messages).toEqual(speakerUpdates);
  });

  it('keeps what the speaker says right behind its Hello', async () => {
    const speaker = await open(harness, 'n1', undefined);
    speaker.link.send(aHello());
    for (const message of speakerUpdates) speaker.link.send(message);
    await harness.until(() => harness.speakers[0]?.messages.length === speakerUpdates.length);
    expect(harness.speakers[0]?.messages).toEqual(speakerUpdates);
  });

  it('closed by the operator: delivers what was sent before, tells the speaker why, and both ends once', async () => {
    const { speaker, operator } = await connected();
    for (const message of operatorMessages) operator.link.send(message);
    operator.link.close('the operator stops');
    operator.link.close('twice');
    expect(operator.closed).toEqual(['the operator stops']);
    await harness.until(() => speaker.closed.length > 0);
    expect(speaker.messages).toEqual(operatorMessages);
    expect(speaker.closed).toEqual(['the operator stops']);
  });

  it('closed by the speaker: delivers what was sent before, and tells both ends once', async () => {
    const { speaker, operator } = await connected();
    for (const message of speakerUpdates) speaker.link.send(message);
    speaker.link.close('the speaker leaves');
    speaker.link.close('twice');
    expect(speaker.closed).toEqual(['the speaker leaves']);
    await harness.until(() => operator.closed.length > 0);
    expect(operator.messages).toEqual(speakerUpdates);
    expect(operator.closed).toHaveLength(1);
  });

  it('takes and brings nothing once it is closed', async () => {
    const { speaker, operator } = await connected();
    operator.link.close('over');
    operator.link.send({ kind: 'permit', epoch: 1, prefixes: [] });
    speaker.link.send({ kind: 'leave' });
    await harness.until(() => speaker.closed.length > 0);
    speaker.link.send({ kind: 'leave' });
    expect(speaker.messages).toEqual([]);
    expect(operator.messages).toEqual([]);
  });

  it('tells both ends when the connection breaks', async () => {
    const { speaker, operator } = await connected();
    speaker.faults.cut();
    await harness.until(() => speaker.closed.length > 0 && operator.closed.length > 0);
    expect(speaker.closed).toHaveLength(1);
    expect(operator.closed).toHaveLength(1);
  });

  it('is refused when something else comes before Hello', async () => {
    const speaker = await open(harness, 'n1', undefined);
    speaker.link.send({ kind: 'leave' });
    await harness.until(() => speaker.closed.length > 0);
    expect(speaker.closed).toEqual(['the first message from node n1 was leave, it must be hello']);
    expect(harness.speakers).toEqual([]);
  });

  it('is refused when Hello names another node than the token', async () => {
    const speaker = await open(harness, 'n2', aHello({ node: 'n1' }));
    await harness.until(() => speaker.closed.length > 0);
    expect(speaker.closed).toEqual(['Hello names node n1, but the token is for node n2']);
    expect(harness.speakers).toEqual([]);
  });

  it('is refused when no Hello comes in time', async () => {
    const speaker = await open(harness, 'n1', undefined);
    harness.advance(limits.helloTimeoutMs);
    await harness.until(() => speaker.closed.length > 0);
    expect(speaker.closed).toEqual([`no Hello from node n1 within ${limits.helloTimeoutMs} ms`]);
  });

  it('ends when Hello is said twice', async () => {
    const { speaker, operator } = await connected();
    speaker.link.send(aHello());
    await harness.until(() => speaker.closed.length > 0);
    expect(operator.closed).toEqual(['node n1 said hello twice on one stream']);
  });

  it('outlives the time in which Hello had to come', async () => {
    const { speaker, operator } = await connected();
    harness.advance(limits.helloTimeoutMs);
    speaker.link.send({ kind: 'leave' });
    await harness.until(() => operator.messages.length === 1);
    expect(operator.closed).toEqual([]);
  });

  it('is refused, by name, to a second live instance of a node, until the first is gone', async () => {
    const first = await connected(aHello({ instance: 'first' }));
    const second = await open(harness, 'n1', aHello({ instance: 'second' }));
    await harness.until(() => second.closed.length > 0);
    expect(second.closed).toEqual(['node n1 has a live speaker, instance first; instance second must wait until it is gone']);
    expect(first.operator.closed).toEqual([]);
    first.speaker.link.close('leaves');
    await harness.until(() => first.operator.closed.length > 0);
    await connected(aHello({ instance: 'second' }));
    expect(harness.speakers.map(({ hello }) => hello.instance)).toEqual(['first', 'second']);
  });

  it('is replaced by a newer stream of the same instance', async () => {
    const older = await connected();
    const newer = await connected();
    await harness.until(() => older.speaker.closed.length > 0);
    expect(older.operator.closed).toEqual(['replaced by a newer stream of instance instance-1']);
    // The end of the older one must not make the newer one forgotten.
    const second = await open(harness, 'n1', aHello({ instance: 'second' }));
    await harness.until(() => second.closed.length > 0);
    expect(newer.operator.closed).toEqual([]);
  });

  it('serves nodes beside each other', async () => {
    const one = await connected(aHello({ node: 'n1' }));
    const two = await connected(aHello({ node: 'n2' }));
    one.operator.link.send({ kind: 'permit', epoch: 1, prefixes: ['192.0.2.1/32'] });
    two.operator.link.send({ kind: 'permit', epoch: 1, prefixes: ['192.0.2.2/32'] });
    await harness.until(() => one.speaker.messages.length === 1 && two.speaker.messages.length === 1);
    expect(one.speaker.messages).toEqual([{ kind: 'permit', epoch: 1, prefixes: ['192.0.2.1/32'] }]);
  });

  describe('to a speaker that does not read', () => {
    // Large enough that the kernel's and the protocol's own buffers do not hide that nobody reads.
    const large = (id: number) => ({ kind: 'askAnswer', epoch: 1, id, granted: true, rule: 'x'.repeat(256 * 1024) }) as const;

    it('is congested, and delivers everything in order once the speaker reads again', async () => {
      const { speaker, operator } = await connected();
      speaker.faults.stall();
      let sent = 0;
      await harness.until(() => {
        if (!operator.link.congested) operator.link.send(large(sent++));
        return operator.link.congested;
      });
      speaker.faults.resume();
      await harness.until(() => speaker.messages.length === sent);
      expect(operator.link.congested).toBe(false);
      expect(operator.closed).toEqual([]);
      expect(speaker.messages).toEqual(Array.from({ length: sent }, (_, id) => large(id)));
    });

    it('closes before its queue grows without bound, and hurts no other', async () => {
      const { speaker, operator } = await connected();
      const other = await connected(aHello({ node: 'n2' }));
      speaker.faults.stall();
      let sent = 0;
      await harness.until(() => {
        operator.link.send(large(sent++));
        return operator.closed.length > 0;
      });
      expect(operator.closed).toEqual([`the other side does not read: ${limits.unsentMessages} messages wait`]);
      other.operator.link.send(large(1));
      await harness.until(() => other.speaker.messages.length === 1);
      speaker.faults.resume();
    });
  });
});
