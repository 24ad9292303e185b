import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { VirtualClock } from '#runtime/virtual-clock.ts';
import type { SpeakerMessage } from '#state/messages.ts';
import { MemoryOperator } from './memory-link.ts';
import type { OperatorLink } from './speaker-link.ts';
import { aHello } from './testing/messages.ts';

/** An operator and one speaker that said Hello and was heard. */
function connected(delayMs?: () => number) {
  const clock = new VirtualClock();
  const heard: SpeakerMessage[] = [];
  const told: string[] = [];
  let speaker: OperatorLink | undefined;
  const operator = new MemoryOperator({
    name: 'operator-1',
    clock,
    onSpeaker: (link) => link.onMessage((message) => heard.push(message)),
  });
  const stream = operator.connect({
    node: 'n1',
    onOperator: (link) => {
      speaker = link;
      link.onClose((reason) => told.push(reason));
      link.send(aHello());
    },
    ...(delayMs && { delayMs }),
  });
  clock.advance(1_000);
  if (speaker === undefined) throw new Error('connect hands the link over at once');
  return { clock, heard, told, speaker, operator, stream };
}

describe('a link in memory', () => {
  it('delivers in the next turn where no delay is asked for', () => {
    const { clock, heard, speaker } = connected();
    speaker.send({ kind: 'leave' });
    expect(heard).toEqual([]);
    clock.advance(0);
    expect(heard).toEqual([{ kind: 'leave' }]);
  });

  it('keeps the order and delivers everything, whatever the delays and stalls', () => {
    const step = fc.constantFrom('send', 'stall', 'resume', 'wait');
    fc.assert(
      fc.property(fc.array(fc.nat(50), { minLength: 1 }), fc.array(step), (delays, steps) => {
        let turn = 0;
        const { clock, heard, speaker, stream } = connected(() => delays[turn++ % delays.length] ?? 0);
        let sent = 0;
        for (const action of steps) {
          if (action === 'send') speaker.send({ kind: 'ack', epoch: 1, version: sent++, rejected: [] });
          else if (action === 'wait') clock.advance(10);
          else stream[action]();
        }
        stream.resume();
        clock.advance(60_000);
        expect(heard.map((message) => message.kind === 'ack' && message.version)).toEqual(
          Array.from({ length: sent }, (_, index) => index),
        );
      }),
    );
  });

  it('loses what is on its way when it is cut', () => {
    const { clock, heard, told, speaker, stream } = connected(() => 5);
    speaker.send({ kind: 'leave' });
    stream.cut('the cable is out');
    clock.advance(1_000);
    expect(heard).toEqual([]);
    expect(told).toEqual(['the cable is out']);
    expect(clock.pendingTimers).toBe(0);
  });

  it('is ended by its operator', () => {
    const { clock, told, operator } = connected();
    operator.close('the operator stops');
    clock.advance(0);
    expect(told).toEqual(['the operator stops']);
  });
});
