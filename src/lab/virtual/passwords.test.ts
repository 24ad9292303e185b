import { describe, expect, it } from 'vitest';
import { acceptRewindAnnotation } from '#api/names.ts';
import * as objects from './objects.ts';
import type { ClusterKind } from './virtual-cluster.ts';
import { VirtualFabric } from './virtual-fabric.ts';

const address = '192.0.2.53';
const prefix = `${address}/32`;
const both = [`${prefix} from n1`, `${prefix} from n2`];
const key = 'anycast-system/tor';

/** Two nodes that serve a Service, and a router that takes what is signed with `right-password`. */
async function aFabric(...secrets: ReturnType<typeof objects.secret>[]): Promise<VirtualFabric> {
  const fabric = await VirtualFabric.start({ nodes: ['n1', 'n2'], routers: ['a'], peerSpec: { passwordSecret: 'tor' } });
  fabric.setRouterPassword('a', 'right-password');
  fabric.cluster.apply('Service', objects.service('dns/edge', [address]));
  fabric.cluster.apply('EndpointSlice', objects.slice('dns/edge', { n1: true, n2: true }));
  for (const secret of secrets) fabric.cluster.apply('Secret', secret);
  await fabric.run(30_000);
  return fabric;
}

/** The same with sessions up, and with what routers heard so far forgotten. */
async function aPeeredFabric(): Promise<VirtualFabric> {
  const fabric = await aFabric(objects.secret('tor', 'right-password'));
  expect(fabric.routes('a')).toEqual(both);
  fabric.heard.length = 0;
  return fabric;
}

type Conditions = readonly { readonly type: string; readonly status: string; readonly reason: string; readonly message: string }[];

const conditionsOf = (fabric: VirtualFabric, kind: ClusterKind = 'AnycastPeer', name = 'a'): Conditions =>
  ((fabric.cluster.get(kind, name)?.['status'] ?? {}) as { conditions?: Conditions }).conditions ?? [];

/** Conditions of the peer as `Type=Status/Reason`. */
const said = (fabric: VirtualFabric): string[] => conditionsOf(fabric).map(({ type, status, reason }) => `${type}=${status}/${reason}`);

const allWell = ['Accepted=True/Accepted', 'Ready=True/Established', 'ResolvedRefs=True/Resolved'];

describe('a peer whose Secret never was', () => {
  it.each([0, 5])('goes when it is deleted, and nothing waits for it after a grace of %i s', async (graceSeconds) => {
    const fabric = await VirtualFabric.start({ nodes: ['n1', 'n2'], routers: ['a'], removalGuard: { graceSeconds } });
    fabric.cluster.apply('Service', objects.service('dns/edge', [address]));
    fabric.cluster.apply('AnycastService', objects.refinement('dns/edge', 'dns/edge'));
    fabric.cluster.apply('EndpointSlice', objects.slice('dns/edge', { n1: true, n2: true }));
    fabric.cluster.apply('AnycastPeer', objects.peer('unsigned', '198.51.100.77', { passwordSecret: 'never-made' }));
    await fabric.run(30_000);
    fabric.cluster.delete('AnycastPeer', 'unsigned');
    await fabric.run(30_000);
    expect(fabric.cluster.get('AnycastPeer', 'unsigned')).toBeUndefined();
    const ready = conditionsOf(fabric, 'AnycastService', 'dns/edge').find(({ type }) => type === 'Ready');
    expect(ready).toMatchObject({ status: 'True', reason: 'Announced' });
    expect(fabric.routes('a')).toEqual(both);
  });
});

describe('a session whose password is in a Secret', () => {
  it('is not opened before the Secret is there, says so, and comes up with it', async () => {
    const fabric = await aFabric();
    fabric.setRouterPassword('a', undefined);
    await fabric.run(60_000);
    expect(fabric.heard).toEqual([]);
    expect(said(fabric)).toEqual(['Accepted=True/Accepted', 'Ready=False/SecretNotFound', 'ResolvedRefs=False/SecretNotFound']);
    expect(conditionsOf(fabric)[2]?.message).toBe(
      `there is no Secret ${key} of type kubernetes.io/basic-auth: create it, or correct passwordSecret. Until then no session is opened or changed; one that is established goes on`,
    );
    fabric.setRouterPassword('a', 'right-password');
    fabric.cluster.apply('Secret', objects.secret('tor', 'right-password\n'));
    await fabric.run(20_000);
    expect(fabric.routes('a')).toEqual(both);
    expect(said(fabric)).toEqual(allWell);
  });

  it('stays down with another password than that of the router, and comes up when it is corrected', async () => {
    const fabric = await aFabric(objects.secret('tor', 'wrong-password'));
    expect(fabric.heard).toEqual([]);
    expect(said(fabric)).toEqual(['Accepted=True/Accepted', 'Ready=False/SessionDown', 'ResolvedRefs=True/Resolved']);
    fabric.cluster.apply('Secret', objects.secret('tor', 'right-password'));
    await fabric.run(60_000);
    expect(fabric.routes('a')).toEqual(both);
  });

  it('begins anew when the password changes, and comes back when the router has it too', async () => {
    const fabric = await aPeeredFabric();
    fabric.cluster.apply('Secret', objects.secret('tor', 'next-password'));
    await fabric.run(60_000);
    expect(fabric.routes('a')).toEqual([]);
    fabric.setRouterPassword('a', 'next-password');
    await fabric.run(120_000);
    expect(fabric.routes('a')).toEqual(both);
  });

  it.each<[string, string, (cluster: VirtualFabric['cluster']) => unknown]>([
    ['is deleted', 'SecretNotFound', (cluster) => cluster.delete('Secret', key)],
    ['vanishes without a word', 'SecretNotFound', (cluster) => cluster.lose('Secret', key)],
    ['loses its key', 'SecretKeyMissing', (cluster) => cluster.apply('Secret', objects.secret('tor', '', { username: 'bgp' }))],
    ['has a password that is too long', 'PasswordInvalid', (cluster) => cluster.apply('Secret', objects.secret('tor', 'x'.repeat(81)))],
  ])('goes on with the password that was read last when the Secret %s', async (_, reason, change) => {
    const fabric = await aPeeredFabric();
    change(fabric.cluster);
    await fabric.run(60_000);
    expect(fabric.heard).toEqual([]);
    expect(said(fabric)).toEqual(['Accepted=True/Accepted', 'Ready=True/Established', `ResolvedRefs=False/${reason}`]);
    expect(conditionsOf(fabric)[2]?.message).toMatch(/Until then the password that was read last stays in force$/);
    // A change of something else takes the password along.
    fabric.cluster.apply('AnycastPeer', objects.peer('a', '198.51.100.1', { passwordSecret: 'tor', holdTimeSeconds: 30 }));
    await fabric.run(60_000);
    expect(fabric.routes('a')).toEqual(both);
    fabric.heard.length = 0;
    fabric.cluster.apply('Secret', objects.secret('tor', 'right-password'));
    await fabric.run(60_000);
    expect([fabric.heard, said(fabric)]).toEqual([[], allWell]);
  });

  it('goes on as it is when another Secret is named that is not there, and follows when it is', async () => {
    const fabric = await aPeeredFabric();
    fabric.cluster.apply('AnycastPeer', objects.peer('a', '198.51.100.1', { passwordSecret: 'other', holdTimeSeconds: 30 }));
    await fabric.run(60_000);
    expect(fabric.heard).toEqual([]);
    expect(said(fabric)).toEqual(['Accepted=True/Accepted', 'Ready=True/Established', 'ResolvedRefs=False/SecretNotFound']);
    expect(conditionsOf(fabric)[2]?.message).toMatch(/Until then no session is opened or changed; one that is established goes on$/);
    fabric.setRouterPassword('a', 'other-password');
    fabric.cluster.apply('Secret', objects.secret('other', 'other-password'));
    await fabric.run(120_000);
    expect(fabric.heard).toHaveLength(2);
    expect([fabric.routes('a'), said(fabric)]).toEqual([both, allWell]);
  });

  it('goes on under an operator that never saw the Secret, with new routes too', async () => {
    const fabric = await aPeeredFabric();
    await fabric.stopOperator();
    fabric.cluster.delete('Secret', key);
    fabric.startOperator();
    await fabric.run(60_000);
    expect(fabric.heard).toEqual([]);
    expect(said(fabric)).toEqual(['Accepted=True/Accepted', 'Ready=True/Established', 'ResolvedRefs=False/SecretNotFound']);
    fabric.cluster.apply('EndpointSlice', objects.slice('dns/edge', { n1: true, n2: false }));
    await fabric.run(1_000);
    fabric.cluster.apply('EndpointSlice', objects.slice('dns/edge', { n1: true, n2: true }));
    await fabric.run(60_000);
    expect(fabric.heard).toEqual([`a -${prefix} from n2`, `a +${prefix} from n2`]);
    fabric.heard.length = 0;
    fabric.cluster.apply('Secret', objects.secret('tor', 'right-password'));
    await fabric.run(60_000);
    expect([fabric.heard, said(fabric)]).toEqual([[], allWell]);
  });

  it('needs no right to read Secrets to go on, nor does anything else', async () => {
    const fabric = await aPeeredFabric();
    await fabric.stopOperator();
    fabric.startOperator().watches.setReachable(false, 'Secret');
    fabric.cluster.apply('Service', objects.service('dns/other', ['192.0.2.54']));
    fabric.cluster.apply('EndpointSlice', objects.slice('dns/other', { n1: true }));
    await fabric.run(60_000);
    expect(fabric.leader.operator.notReady()).toBeUndefined();
    expect(fabric.heard).toEqual(['a +192.0.2.54/32 from n1']);
    expect(said(fabric)).toContain('ResolvedRefs=False/SecretsUnreadable');
    expect(conditionsOf(fabric)[2]?.message).toContain('the API server does not answer');
  });

  it('does not take an old password from a restored backup before a person confirmed it', async () => {
    const fabric = await aPeeredFabric();
    fabric.cluster.apply('AnycastConfig', objects.config([]));
    const backup = fabric.cluster.backup();
    fabric.cluster.apply('Secret', objects.secret('tor', 'next-password'));
    fabric.setRouterPassword('a', 'next-password');
    await fabric.run(120_000);
    expect(fabric.routes('a')).toEqual(both);
    fabric.heard.length = 0;
    backup.restore();
    await fabric.run(120_000);
    expect(fabric.heard).toEqual([]);
    expect(said(fabric)).toContain('ResolvedRefs=False/SecretsUnreadable');
    const rewound = conditionsOf(fabric, 'AnycastConfig', 'default').find(({ type }) => type === 'InputRewound')?.message ?? '';
    const token = /accept-rewind=(\w+)/.exec(rewound)?.[1] ?? '';
    const config = objects.config([]);
    fabric.cluster.apply('AnycastConfig', {
      ...config,
      metadata: { ...config.metadata, annotations: { [acceptRewindAnnotation]: token } },
    });
    fabric.setRouterPassword('a', 'right-password');
    await fabric.run(120_000);
    expect([fabric.routes('a'), said(fabric)]).toEqual([both, allWell]);
  });

  it('is spoken of nowhere by its password', async () => {
    const fabric = await aFabric();
    const passwords = ['right-password', 'next-password'];
    for (const password of passwords) {
      fabric.cluster.apply('Secret', objects.secret('tor', password));
      await fabric.run(60_000);
    }
    fabric.cluster.delete('Secret', key);
    await fabric.run(60_000);
    const kinds = ['AnycastPeer', 'AnycastSpeaker', 'Service', 'Node'] as const;
    const everything = JSON.stringify([
      fabric.leader.lines,
      kinds.map((kind) => fabric.cluster.keys(kind).map((name) => fabric.cluster.get(kind, name))),
    ]);
    expect(everything).toContain('session-change');
    for (const password of passwords) {
      expect(everything).not.toContain(password);
      expect(everything).not.toContain(Buffer.from(password).toString('base64'));
    }
  });
});
