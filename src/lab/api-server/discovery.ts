import { apiVersionOf } from '#kube/resource.ts';
import type { LabKind } from './kinds.ts';

/** Answers to the questions by which clients such as kubectl find out what there is; undefined for other paths. */
export function discovery(path: string, kinds: readonly LabKind[]): unknown {
  if (path === '/version') return { major: '1', minor: '36', gitVersion: 'v1.36.0-lab', platform: 'linux/amd64' };
  if (path === '/api') return { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [] };
  if (path === '/apis') {
    const groups = [...new Set(kinds.map((kind) => kind.group).filter((group) => group !== ''))];
    return { kind: 'APIGroupList', apiVersion: 'v1', groups: groups.map((group) => groupOf(group, kinds)) };
  }
  const group = /^\/apis\/([^/]+)$/.exec(path)?.[1];
  if (group !== undefined && kinds.some((kind) => kind.group === group))
    return { kind: 'APIGroup', apiVersion: 'v1', ...groupOf(group, kinds) };
  const groupVersion = /^\/api\/(v1)$/.exec(path)?.[1] ?? /^\/apis\/([^/]+\/[^/]+)$/.exec(path)?.[1];
  if (groupVersion === undefined) return undefined;
  const resources = kinds.filter((kind) => apiVersionOf(kind) === groupVersion).flatMap(resourcesOf);
  return resources.length === 0 ? undefined : { kind: 'APIResourceList', apiVersion: 'v1', groupVersion, resources };
}

function groupOf(group: string, kinds: readonly LabKind[]): { name: string; versions: unknown[]; preferredVersion: unknown } {
  const versions = [...new Set(kinds.filter((kind) => kind.group === group).map((kind) => kind.version))].map((version) => ({
    groupVersion: `${group}/${version}`,
    version,
  }));
  return { name: group, versions, preferredVersion: versions[0] };
}

function resourcesOf(kind: LabKind): unknown[] {
  const common = { namespaced: kind.namespaced, kind: kind.kind };
  const object = {
    ...common,
    name: kind.plural,
    singularName: kind.kind.toLowerCase(),
    verbs: ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch'],
    ...(kind.shortNames !== undefined && { shortNames: kind.shortNames }),
  };
  const status = { ...common, name: `${kind.plural}/status`, singularName: '', verbs: ['get', 'patch', 'update'] };
  return kind.hasStatus === true ? [object, status] : [object];
}
