import type { ObjectRef } from '#kube/resource.ts';
import type { RequestClass } from './faults.ts';
import type { LabKind } from './kinds.ts';
import type { Part } from './objects.ts';

/** What a URL names. */
export type Target = {
  readonly kind: LabKind;
  readonly namespace: string | undefined;
  /** Absent: the collection. */
  readonly name: string | undefined;
  readonly part: Part;
};

/** Finds what a path names; undefined when it names nothing that there is. */
export function targetOf(path: string, kinds: readonly LabKind[]): Target | undefined {
  const segments = path
    .split('/')
    .filter((segment) => segment !== '')
    .map(decodeURIComponent);
  const group = segments[0] === 'apis' ? segments[1] : segments[0] === 'api' ? '' : undefined;
  const [version, ...rest] = segments.slice(group === '' ? 1 : 2);
  if (group === undefined || version === undefined) return undefined;
  const find = (plural: string | undefined): LabKind | undefined =>
    kinds.find((kind) => kind.group === group && kind.version === version && kind.plural === plural);
  // `namespaces/x` and `namespaces/x/status` are the Namespace itself, `namespaces/x/services…` what is in it.
  const inNamespace = rest[0] === 'namespaces' ? find(rest[2]) : undefined;
  const kind = inNamespace ?? find(rest[0]);
  const [name, subresource, ...more] = inNamespace === undefined ? rest.slice(1) : rest.slice(3);
  if (kind === undefined || more.length > 0 || (subresource !== undefined && subresource !== 'status')) return undefined;
  if (subresource === 'status' && kind.hasStatus !== true) return undefined;
  if (inNamespace !== undefined && !inNamespace.namespaced) return undefined;
  const namespace = inNamespace === undefined ? undefined : rest[1];
  if (kind.namespaced && name !== undefined && namespace === undefined) return undefined;
  return { kind, namespace, name, part: subresource === 'status' ? 'status' : 'object' };
}

/** How rules for faults see a request. */
export function classOf(target: Target, method: string, query: URLSearchParams): RequestClass {
  const { plural } = target.kind;
  if (method !== 'GET') return { on: 'write', plural };
  if (target.name !== undefined) return { on: 'read', plural };
  return { on: isWatch(query) ? 'watch' : 'list', plural };
}

export const isWatch = (query: URLSearchParams): boolean => ['true', '1'].includes(query.get('watch') ?? '');

/** The object that a target names. */
export function refOf(target: Target): ObjectRef {
  return { ...(target.namespace !== undefined && { namespace: target.namespace }), name: target.name ?? '' };
}
