import type { Hello, OperatorMessage, SpeakerMessage } from '#state/messages.ts';

/** A Hello of a speaker that has nothing, with what a test wants otherwise. */
export const aHello = (change: Partial<Hello> = {}): Hello => ({
  kind: 'hello',
  protocol: 1,
  features: ['tcp-ao', 'role'],
  node: 'n1',
  instance: 'instance-1',
  bootId: 'boot-1',
  software: '0.1.0',
  epoch: 0,
  version: 0,
  digest: '0000000000000000',
  entries: [],
  routes: [],
  sessions: [],
  permits: [],
  ...change,
});

/** One message of each kind that a speaker sends after Hello. */
export const speakerUpdates: readonly Exclude<SpeakerMessage, Hello>[] = [
  { kind: 'ack', epoch: 3, version: 7, rejected: [{ key: 'peer/tor', message: 'peer/tor: port is 0' }] },
  { kind: 'nack', epoch: 3, version: 8, keys: ['route/192.0.2.53/32'], message: 'digest differs' },
  {
    kind: 'report',
    routes: [{ prefix: '192.0.2.53/32', peers: [{ peer: 'tor', announced: true, reason: 'Announced' }], ageMs: 12 }],
    sessions: [
      {
        peer: 'tor',
        state: 'Established',
        ageMs: 5_000,
        families: ['IPv4', 'IPv6'],
        localAddress: '192.0.2.1',
        announcedPrefixes: 1,
        lastError: '',
      },
    ],
  },
  { kind: 'ask', id: 1, prefix: '192.0.2.53/32', evidence: { source: 'Probe', object: 'dns/edge-1', fact: 'connection refused' } },
  {
    kind: 'ask',
    id: 2,
    prefix: '2001:db8::53/128',
    evidence: { source: 'Pod', object: 'dns/edge-1', resourceVersion: '42', fact: 'deleted' },
  },
  { kind: 'revokeAck', prefixes: ['192.0.2.53/32', '2001:db8::53/128'] },
  { kind: 'leave' },
];

/** One message of each kind that an operator sends. */
export const operatorMessages: readonly OperatorMessage[] = [
  {
    kind: 'full',
    epoch: 3,
    version: 1,
    entries: [{ key: 'node', bytes: Buffer.from([1, 2, 3]) }],
    keep: ['route/192.0.2.99/32'],
    digest: '00000000000000aa',
  },
  {
    kind: 'delta',
    epoch: 3,
    baseVersion: 1,
    version: 2,
    removals: ['route/192.0.2.99/32'],
    upserts: [{ key: 'route/192.0.2.53/32', bytes: Buffer.from([4]) }],
    digest: '00000000000000bb',
  },
  { kind: 'permit', epoch: 3, prefixes: ['192.0.2.53/32'] },
  { kind: 'revoke', epoch: 3, prefixes: ['192.0.2.53/32'] },
  { kind: 'askAnswer', epoch: 3, id: 1, granted: true, rule: 'Admitted' },
  { kind: 'leaveAnswer', epoch: 3, action: 'withdraw' },
  { kind: 'leaveAnswer', epoch: 3, action: 'restart' },
  { kind: 'leaveAnswer', epoch: 3, action: 'stay' },
];
