import { describe, expect, it } from 'vitest';
import { unwrap } from '#runtime/result.ts';
import { isConflict, isNotFound } from '../api-error.ts';
import type { RawObject } from '../resource.ts';
import { aConfigMap, configMapType, serviceType } from './config-maps.ts';
import type { ServerUnderTest } from './server-under-test.ts';

/** What a client and an API server owe each other: run with the server in memory and with the real one. */
export function clientContract(name: string, server: () => ServerUnderTest): void {
  const client = () => server().client;
  const ref = (objectName: string) => ({ namespace: server().namespace, name: objectName });
  const created = async (objectName: string, extra: Record<string, unknown> = {}): Promise<RawObject> =>
    unwrap(await client().create(configMapType, { ...aConfigMap(server().namespace, objectName), ...extra }));
  const aService = (objectName: string): RawObject => ({
    metadata: ref(objectName),
    spec: { type: 'LoadBalancer', loadBalancerClass: 'example.org/none', ports: [{ port: 53, protocol: 'UDP' }] },
  });

  describe(`${name}: the contract of requests`, () => {
    it('creates an object, with what the server fills in', async () => {
      const object = await created('created');
      expect(object.metadata).toMatchObject({ name: 'created', namespace: server().namespace });
      expect(object.metadata.uid).toMatch(/^[0-9a-f-]{36}$/);
      expect(object.metadata.resourceVersion).toMatch(/^\d+$/);
      expect(object.metadata.creationTimestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
      expect(unwrap(await client().get(configMapType, ref('created')))).toMatchObject({
        metadata: object.metadata,
        data: { value: 'first' },
      });
    });

    it('makes up a name where only its beginning is given', async () => {
      const { namespace } = server();
      const object = unwrap(await client().create(configMapType, { metadata: { namespace, generateName: 'some-' } }));
      expect(object.metadata.name).toMatch(/^some-.{5}$/);
    });

    it('refuses a second object of the same name', async () => {
      await created('twice');
      const second = await client().create(configMapType, aConfigMap(server().namespace, 'twice'));
      expect(second).toMatchObject({ ok: false, error: { status: 409, reason: 'AlreadyExists' } });
      expect(second).toMatchObject({ error: { message: expect.stringContaining('configmaps "twice" already exists') } });
    });

    it('refuses an object in a namespace that is not there', async () => {
      const refused = await client().create(configMapType, aConfigMap('no-such-namespace', 'lost'));
      expect(refused).toMatchObject({ ok: false, error: { status: 404, reason: 'NotFound' } });
      expect(refused).toMatchObject({ error: { message: expect.stringContaining('namespaces "no-such-namespace" not found') } });
    });

    it('says what is not found', async () => {
      const missing = await client().get(configMapType, ref('missing'));
      expect(!missing.ok && isNotFound(missing.error)).toBe(true);
      expect(missing).toMatchObject({ error: { message: `GET configmaps ${server().namespace}/missing: configmaps "missing" not found` } });
    });

    it('replaces only what is unchanged since it was read', async () => {
      const first = await created('replaced');
      const second = unwrap(await client().put(configMapType, { ...first, data: { value: 'second' } }));
      expect(second['data']).toEqual({ value: 'second' });
      expect(second.metadata.resourceVersion).not.toBe(first.metadata.resourceVersion);
      const stale = await client().put(configMapType, { ...first, data: { value: 'third' } });
      expect(!stale.ok && isConflict(stale.error)).toBe(true);
      expect(stale).toMatchObject({
        error: {
          reason: 'Conflict',
          message: expect.stringContaining('Operation cannot be fulfilled on configmaps "replaced": the object has been modified'),
        },
      });
    });

    it('merges a patch: null removes, the rest stays', async () => {
      await created('patched', { data: { value: 'first', kept: 'yes', gone: 'soon' } });
      const patched = unwrap(await client().patch(configMapType, ref('patched'), { data: { value: 'second', gone: null } }));
      expect(patched['data']).toEqual({ value: 'second', kept: 'yes' });
    });

    it('patches only what is unchanged, where the patch says since when', async () => {
      const { resourceVersion } = (await created('guarded')).metadata;
      const patch = (value: string) => ({ metadata: { resourceVersion }, data: { value } });
      expect((await client().patch(configMapType, ref('guarded'), patch('second'))).ok).toBe(true);
      const stale = await client().patch(configMapType, ref('guarded'), patch('third'));
      expect(!stale.ok && isConflict(stale.error)).toBe(true);
    });

    it('makes no new version of what a write does not change', async () => {
      const first = await created('same');
      const again = unwrap(await client().patch(configMapType, ref('same'), { data: { value: 'first' } }));
      expect(again.metadata.resourceVersion).toBe(first.metadata.resourceVersion);
    });

    it('keeps status and the rest apart', async () => {
      const status = { loadBalancer: { ingress: [{ ip: '192.0.2.53', ipMode: 'VIP' }] } };
      unwrap(await client().create(serviceType, { ...aService('apart'), status }));
      expect(unwrap(await client().get(serviceType, ref('apart')))['status']).not.toMatchObject(status);

      const written = unwrap(
        await client().patch(serviceType, ref('apart'), { status, spec: { loadBalancerClass: 'other' } }, { subresource: 'status' }),
      );
      expect(written).toMatchObject({ spec: { loadBalancerClass: 'example.org/none' }, status });

      const labelled = unwrap(
        await client().patch(serviceType, ref('apart'), { metadata: { labels: { a: 'b' } }, status: { loadBalancer: null } }),
      );
      expect(labelled).toMatchObject({ metadata: { labels: { a: 'b' } }, status });
    });

    it('deletes, and only the object that was seen', async () => {
      const object = await created('deleted');
      const foreign = await client().delete(configMapType, ref('deleted'), { uid: '00000000-0000-0000-0000-000000000000' });
      expect(!foreign.ok && isConflict(foreign.error)).toBe(true);
      expect((await client().delete(configMapType, ref('deleted'), { uid: object.metadata.uid ?? '' })).ok).toBe(true);
      const gone = await client().get(configMapType, ref('deleted'));
      expect(!gone.ok && isNotFound(gone.error)).toBe(true);
    });

    it('keeps an object with a finalizer until that is removed, and takes no new one', async () => {
      const finalizers = ['example.org/wait'];
      unwrap(await client().create(configMapType, { ...aConfigMap(server().namespace, 'held'), metadata: { ...ref('held'), finalizers } }));
      expect((await client().delete(configMapType, ref('held'))).ok).toBe(true);
      const waiting = unwrap(await client().get(configMapType, ref('held')));
      expect(waiting.metadata.deletionTimestamp).toMatch(/Z$/);
      const added = await client().patch(configMapType, ref('held'), { metadata: { finalizers: [...finalizers, 'example.org/more'] } });
      expect(added).toMatchObject({ ok: false, error: { status: 422, reason: 'Invalid' } });
      unwrap(await client().patch(configMapType, ref('held'), { metadata: { finalizers: null } }));
      const gone = await client().get(configMapType, ref('held'));
      expect(!gone.ok && isNotFound(gone.error)).toBe(true);
    });

    it('lists in pages, by label, by name', async () => {
      const { namespace } = server();
      for (let index = 0; index < 5; index++)
        unwrap(
          await client().create(configMapType, aConfigMap(namespace, `page-${index}`, 'x', { page: String(index % 2), paged: 'yes' })),
        );
      const list = unwrap(await client().list(configMapType, { namespace, labelSelector: 'paged=yes', pageSize: 2 }));
      expect(list.items.map(({ metadata }) => metadata.name)).toEqual(['page-0', 'page-1', 'page-2', 'page-3', 'page-4']);
      expect(list.resourceVersion).toMatch(/^\d+$/);
      const names = async (options: { labelSelector?: string; fieldSelector?: string }) =>
        unwrap(await client().list(configMapType, { namespace, ...options })).items.map(({ metadata }) => metadata.name);
      expect(await names({ labelSelector: 'paged,page!=0' })).toEqual(['page-1', 'page-3']);
      expect(await names({ labelSelector: 'page in (1),paged notin (no)' })).toEqual(['page-1', 'page-3']);
      expect(await names({ labelSelector: 'paged=yes,!page' })).toEqual([]);
      expect(await names({ fieldSelector: 'metadata.name=page-4' })).toEqual(['page-4']);
    });

    it('says that a kind is not there', async () => {
      const answer = await client().list({ group: 'example.org', version: 'v1', plural: 'unicorns', kind: 'Unicorn', namespaced: false });
      expect(answer).toMatchObject({ ok: false, error: { status: 404 } });
    });
  });
}
