import type { RawObject, ResourceType } from '../resource.ts';

/** The kind that tests of requests use: every API server has it, nothing acts on it. */
export const configMapType: ResourceType = { group: '', version: 'v1', plural: 'configmaps', kind: 'ConfigMap', namespaced: true };

/** Kinds with a status. */
export const serviceType: ResourceType = { group: '', version: 'v1', plural: 'services', kind: 'Service', namespaced: true };

/** A ConfigMap to be created. */
export function aConfigMap(namespace: string, name: string, value = 'first', labels: Readonly<Record<string, string>> = {}): RawObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace, name, labels }, data: { value } };
}
