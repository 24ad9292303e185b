import { describe, expect, it } from 'vitest';
import type { OperatorLink } from '#rpc/speaker-link.ts';
import { VirtualClock } from '#runtime/virtual-clock.ts';
import type { Hello, OperatorMessage, SpeakerMessage } from '#state/messages.ts';
import type { RouteTruth, SessionTruth } from '#state/truth.ts';
import { limits } from './limits.ts';
import { Uplink } from './uplink.ts';

const hello: Hello = {
  kind: 'hello',
  protocol: 1,
  features: [],
  node: 'n1',
  instance: 'i1',
  bootId: 'b1',
  software: 'test',
  epoch: 0,
  version: 0,
  digest: '0'.repeat(16),
  entries: [],
  routes: [],
  sessions: [],
  permits: [],
};

class FakeLink implements OperatorLink {
  readonly operator: string;
  readonly sent: SpeakerMessage[] = [];
  congested = false;
  deliver: (message: OperatorMessage) => void = () => undefined;
  lose: (reason: string) => void = () => undefined;

  constructor(operator: string) {
    this.operator = operator;
  }

  send(message: SpeakerMessage): void {
    this.sent.push(message);
  }

  onMessage(handler: (message: OperatorMessage) => void): void {
    this.deliver = handler;
  }

  onClose(handler: (reason: string) => void): void {
    this.lose = handler;
  }

  close(reason: string): void {
    this.lose(reason);
  }

  /** What was told of routes, report by report. */
  reports(): string[][] {
    return this.sent.flatMap((message) => (message.kind === 'report' ? [message.routes.map(({ prefix }) => prefix)] : []));
  }
}

function anUplink() {
  const clock = new VirtualClock();
  const heard: [OperatorMessage, string][] = [];
  const counts: number[] = [];
  const uplink = new Uplink({
    clock,
    hello: () => hello,
    onMessage: (message, link) => heard.push([message, link.operator]),
    route: (prefix): RouteTruth => ({ prefix, peers: [], ageMs: clock.nowMs() }),
    session: (peer): SessionTruth => ({
      peer,
      state: 'Established',
      ageMs: 0,
      families: ['IPv4'],
      localAddress: '192.0.2.1',
      announcedPrefixes: 1,
      lastError: '',
    }),
    onLinks: (count) => counts.push(count),
  });
  const attach = (name: string): FakeLink => {
    const link = new FakeLink(name);
    uplink.attach(link);
    return link;
  };
  return { clock, uplink, heard, counts, attach };
}

describe('the streams to operators', () => {
  it('begin with Hello, and bring messages with where they came from', () => {
    const { attach, heard, counts } = anUplink();
    const [a, b] = [attach('a'), attach('b')];
    expect([a.sent, b.sent]).toEqual([[hello], [hello]]);
    const revoke: OperatorMessage = { kind: 'revoke', epoch: 1, prefixes: [] };
    b.deliver(revoke);
    expect(heard).toEqual([[revoke, 'b']]);
    a.lose('reset');
    expect(counts).toEqual([1, 2, 1]);
  });

  it('tell every operator of a transition in the same turn, all of the turn in one report', () => {
    const { clock, uplink, attach } = anUplink();
    const links = [attach('a'), attach('b')];
    uplink.changed(['192.0.2.1/32'], [], true);
    uplink.changed(['192.0.2.2/32'], ['tor'], true);
    clock.advance(0);
    for (const link of links) {
      expect(link.reports()).toEqual([['192.0.2.1/32', '192.0.2.2/32']]);
      expect(link.sent.at(-1)).toMatchObject({ sessions: [{ peer: 'tor' }] });
    }
  });

  it('tell the rest at most once in its time, each route once', () => {
    const { clock, uplink, attach } = anUplink();
    const link = attach('a');
    for (let step = 0; step < 25; step++) {
      uplink.changed(['192.0.2.1/32'], [], false);
      clock.advance(100);
    }
    expect(link.reports()).toEqual([['192.0.2.1/32'], ['192.0.2.1/32']]);
    clock.advance(limits.reportEveryMs);
    expect(link.reports()).toHaveLength(3);
    clock.advance(60_000);
    expect(link.reports()).toHaveLength(3);
    expect(clock.pendingTimers).toBe(0);
  });

  it('let a slow operator wait, tell it the newest later, and hold up nobody else', () => {
    const { clock, uplink, attach } = anUplink();
    const [slow, quick] = [attach('slow'), attach('quick')];
    slow.congested = true;
    uplink.changed(['192.0.2.1/32'], [], true);
    clock.advance(5_000);
    expect(slow.reports()).toEqual([]);
    expect(quick.reports()).toEqual([['192.0.2.1/32']]);
    slow.congested = false;
    clock.advance(limits.reportEveryMs);
    expect(slow.sent.at(-1)).toMatchObject({ routes: [{ prefix: '192.0.2.1/32', ageMs: 6_000 }] });
  });

  it('say nothing any more after a stop', () => {
    const { clock, uplink, attach } = anUplink();
    const link = attach('a');
    uplink.changed(['192.0.2.1/32'], [], false);
    uplink.broadcast({ kind: 'leave' });
    uplink.stop();
    clock.advance(10_000);
    expect(link.sent).toEqual([hello, { kind: 'leave' }]);
    expect(clock.pendingTimers).toBe(0);
    expect(uplink.count).toBe(0);
  });
});
