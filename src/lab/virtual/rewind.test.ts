import { describe, expect, it } from 'vitest';
import { acceptRewindAnnotation } from '#api/names.ts';
import * as objects from './objects.ts';
import { VirtualFabric } from './virtual-fabric.ts';

const prefix = '192.0.2.53/32';

type Condition = { readonly type: string; readonly status: string; readonly message: string };

/** Two nodes that serve; a backup of the cluster, taken when n2 did not serve, was put back. */
async function restoredFabric(): Promise<VirtualFabric> {
  const fabric = await VirtualFabric.start({ nodes: ['n1', 'n2'], routers: ['a'] });
  fabric.cluster.apply('Namespace', objects.namespace('kube-system'));
  fabric.cluster.apply('AnycastConfig', objects.config([]));
  fabric.cluster.apply('Service', objects.service('dns/edge', ['192.0.2.53']));
  fabric.cluster.apply('EndpointSlice', objects.slice('dns/edge', { n1: true, n2: false }));
  await fabric.run(15_000);
  const backup = fabric.cluster.backup();
  fabric.cluster.apply('EndpointSlice', objects.slice('dns/edge', { n1: true, n2: true }));
  fabric.cluster.apply('Namespace', objects.namespace('dns', { later: 'true' }));
  // The kind that the person's word is read from went back too.
  fabric.cluster.apply('AnycastConfig', { ...objects.config([]), metadata: { name: 'default', labels: { later: 'true' } } });
  await fabric.run(15_000);
  fabric.heard.length = 0;
  backup.restore();
  await fabric.run(30_000);
  return fabric;
}

const said = (fabric: VirtualFabric): Condition | undefined =>
  ((fabric.cluster.get('AnycastConfig', 'default')?.['status'] ?? {}) as { conditions?: readonly Condition[] }).conditions?.find(
    ({ type }) => type === 'InputRewound',
  );

const shownToken = (fabric: VirtualFabric): string => /accept-rewind=(\w+)/.exec(said(fabric)?.message ?? '')?.[1] ?? '';

function confirm(fabric: VirtualFabric, token: string): void {
  const config = objects.config([]);
  fabric.cluster.apply('AnycastConfig', { ...config, metadata: { ...config.metadata, annotations: { [acceptRewindAnnotation]: token } } });
}

describe('a cluster that was restored from a backup', () => {
  it('changes no route, and says what a person has to do', async () => {
    const fabric = await restoredFabric();
    await fabric.run(600_000);
    expect(fabric.heard).toEqual([]);
    expect(fabric.routes('a')).toEqual([`${prefix} from n1`, `${prefix} from n2`]);
    expect(said(fabric)).toMatchObject({ status: 'True' });
    expect(said(fabric)?.message).toMatch(/AnycastConfig, EndpointSlice, Namespace.*kubectl annotate/);
    expect(fabric.leader.lines.filter(({ event }) => event === 'input-rewound').length).toBeGreaterThan(0);
  });

  it('counts again when a person confirmed what was shown', async () => {
    const fabric = await restoredFabric();
    confirm(fabric, shownToken(fabric));
    await fabric.run(10_000);
    expect(fabric.heard).toEqual([`a -${prefix} from n2`]);
    expect(said(fabric)).toBeUndefined();
  });

  it('is not confirmed by what names something else', async () => {
    const fabric = await restoredFabric();
    confirm(fabric, '0123456789ab');
    await fabric.run(600_000);
    expect(fabric.heard).toEqual([]);
    expect(said(fabric)).toMatchObject({ status: 'True' });
  });

  it('asks again where it is restored again, whatever was confirmed before', async () => {
    const fabric = await restoredFabric();
    const first = shownToken(fabric);
    confirm(fabric, first);
    await fabric.run(15_000);
    const backup = fabric.cluster.backup();
    fabric.cluster.apply('EndpointSlice', objects.slice('dns/edge', { n1: true, n2: true }));
    await fabric.run(15_000);
    fabric.heard.length = 0;
    backup.restore();
    await fabric.run(60_000);
    expect(fabric.heard).toEqual([]);
    expect(shownToken(fabric)).toMatch(/^\w{12}$/);
    expect(shownToken(fabric)).not.toBe(first);
  });
});
