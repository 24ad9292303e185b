import { describe, expect, it } from 'vitest';
import { unwrap } from '#runtime/result.ts';
import { SyncRequest, SyncResponse } from './generated/anycast/speaker/v1/speaker.ts';
import { limits } from './limits.ts';
import { operatorMessageFromWire, operatorMessageToWire, speakerMessageFromWire, speakerMessageToWire } from './message-codec.ts';
import { aHello, operatorMessages, speakerUpdates } from './testing/messages.ts';

const overTheWire = (message: SyncRequest): SyncRequest => SyncRequest.decode(SyncRequest.encode(message).finish());

describe('messages', () => {
  it.each([aHello(), ...speakerUpdates])('of the speaker come back as they were sent: $kind', (message) => {
    expect(unwrap(speakerMessageFromWire(overTheWire(speakerMessageToWire(message))))).toEqual(message);
  });

  it.each(operatorMessages)('of the operator come back as they were sent: $kind', (message) => {
    const bytes = SyncResponse.encode(operatorMessageToWire(message)).finish();
    expect(unwrap(operatorMessageFromWire(SyncResponse.decode(bytes)))).toEqual(message);
  });

  it('of a kind that a newer version added are ignored', () => {
    const newer = Uint8Array.from([((200 << 3) & 0x7f) | 0x82, 12, 0]);
    expect(speakerMessageFromWire(SyncRequest.decode(newer))).toEqual({ ok: true, value: undefined });
    expect(operatorMessageFromWire(SyncResponse.decode(newer))).toEqual({ ok: true, value: undefined });
  });

  it('carry ages in whole milliseconds that are not negative', () => {
    const report = { kind: 'report', routes: [{ prefix: '192.0.2.1/32', peers: [], ageMs: -0.4 }], sessions: [] } as const;
    expect(speakerMessageToWire(report).message?.value).toMatchObject({ routes: [{ ageMs: 0 }] });
    expect(speakerMessageToWire({ ...report, routes: [{ ...report.routes[0], ageMs: 1.6 }] }).message?.value).toMatchObject({
      routes: [{ ageMs: 2 }],
    });
  });

  it('keep what a newer speaker says about its routers where a word is not known', () => {
    const session = { peer: 'tor', ageMs: 1, localAddress: '', announcedPrefixes: 0, lastError: '' };
    const request: SyncRequest = {
      message: {
        $case: 'report',
        value: {
          routes: [{ prefix: '192.0.2.1/32', peers: [{ peer: 'tor', announced: true, reason: 'FromTheFuture' }], ageMs: 1 }],
          sessions: [{ ...session, state: 99 as 0, families: [1, 99 as 0] }],
        },
      },
    };
    expect(speakerMessageFromWire(overTheWire(request))).toMatchObject({
      ok: true,
      value: { routes: [{ peers: [{ announced: true, reason: 'ReasonNotKnown' }] }], sessions: [{ state: 'Idle', families: ['IPv4'] }] },
    });
  });
});

describe('a message is refused, naming the field, when', () => {
  const hello = speakerMessageToWire(aHello()).message;
  if (hello?.$case !== 'hello') throw new Error('a Hello was encoded');
  const aRoute = { prefix: '192.0.2.1/32', peers: [], ageMs: 0 };
  const tooMany = <T>(item: T): T[] => new Array<T>(limits.routesPerMessage + 1).fill(item);

  it.each<[string, SyncRequest['message'], string]>([
    ['Hello has no node', { ...hello, value: { ...hello.value, node: '' } }, 'hello.node and hello.instance must not be empty'],
    ['Hello has no instance', { ...hello, value: { ...hello.value, instance: '' } }, 'hello.node and hello.instance must not be empty'],
    ['a permit of Hello is no prefix', { ...hello, value: { ...hello.value, permits: ['x'] } }, 'hello.prefix: "x" has no prefix length'],
    [
      'a route has a second text form',
      { $case: 'report', value: { routes: [{ prefix: '2001:DB8::/32', peers: [], ageMs: 0 }], sessions: [] } },
      'report.routes.prefix is "2001:DB8::/32": write it as 2001:db8::/32',
    ],
    ['Ask has no evidence', { $case: 'ask', value: { id: 1, prefix: '192.0.2.1/32', evidence: undefined } }, 'ask.evidence is missing'],
    ...['route/', 'route/192.0.2.0/33', 'route/garbage'].map((key): [string, SyncRequest['message'], string] => [
      `the key of an entry is ${key}`,
      { ...hello, value: { ...hello.value, entries: [{ key, hash: '1' }] } },
      'hello.prefix: ',
    ]),
    [
      'Hello names too many entries',
      { ...hello, value: { ...hello.value, entries: tooMany({ key: 'peer/tor', hash: '1' }) } },
      `hello names ${limits.routesPerMessage + 1} routes, of at most ${limits.routesPerMessage}`,
    ],
    ['Hello names too many routes', { ...hello, value: { ...hello.value, routes: tooMany(aRoute) } }, 'hello names'],
    ['a report names too many routes', { $case: 'report', value: { routes: tooMany(aRoute), sessions: [] } }, 'report names'],
    ['RevokeAck names no prefix', { $case: 'revokeAck', value: { prefixes: [''] } }, 'revokeAck.prefix: "" has no prefix length'],
  ])('%s', (_name, message, problem) => {
    const decoded = speakerMessageFromWire({ message });
    expect(decoded).toMatchObject({ ok: false, error: expect.stringContaining(problem) });
  });

  it('LeaveAnswer says nothing', () => {
    expect(operatorMessageFromWire({ message: { $case: 'leaveAnswer', value: { epoch: 1, action: 0 } } })).toEqual({
      ok: false,
      error: 'leaveAnswer.action is 0, which is none of withdraw, restart, stay',
    });
  });

  it('Delta without removals removes nothing', () => {
    const value = { epoch: 1, baseVersion: 1, version: 2, removals: undefined, upserts: [], digest: '' };
    expect(operatorMessageFromWire({ message: { $case: 'delta', value } })).toMatchObject({ ok: true, value: { removals: [] } });
  });
});
