/**
 * Kubernetes' own objects, each with exactly the fields that this operator reads, and the projections that keep nothing else:
 * 5,000 full pods cost 83 MiB, projected ones 1 MiB. Dates are strings here, as the API server sends them.
 */
import { exact } from '#runtime/exact.ts';

/** What every object has, of that what we read. */
export type ObjectMeta = {
  readonly name: string;
  readonly namespace?: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly generation?: number;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly finalizers?: readonly string[];
};

export type Service = {
  readonly metadata: ObjectMeta;
  readonly spec: {
    readonly type?: string;
    readonly loadBalancerClass?: string;
    readonly loadBalancerIP?: string;
    readonly externalTrafficPolicy?: string;
    readonly healthCheckNodePort?: number;
    readonly ipFamilies?: readonly string[];
  };
  readonly status: { readonly loadBalancer?: { readonly ingress?: readonly { readonly ip?: string }[] } };
};

export type EndpointSlice = {
  readonly metadata: ObjectMeta;
  readonly addressType: string;
  readonly endpoints: readonly {
    readonly nodeName?: string;
    readonly conditions?: { readonly ready?: boolean; readonly serving?: boolean; readonly terminating?: boolean };
  }[];
};

export type Node = {
  readonly metadata: ObjectMeta;
  readonly spec: { readonly taints?: readonly { readonly key: string; readonly effect: string }[] };
  readonly status: {
    readonly addresses?: readonly { readonly type: string; readonly address: string }[];
    readonly conditions?: readonly { readonly type: string; readonly status: string; readonly lastTransitionTime?: string }[];
  };
};

type NodeCondition = NonNullable<Node['status']['conditions']>[number];

export type Namespace = { readonly metadata: ObjectMeta };

/** Which Service an EndpointSlice belongs to (Kubernetes' well-known label). */
export const serviceNameLabel = 'kubernetes.io/service-name';

/** Anything the API server may have sent: objects are read field by field, and what is missing is absent. */
type Json = Readonly<Record<string, unknown>>;

const record = (value: unknown): Json => (typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {});
const list = (value: unknown): readonly Json[] => (Array.isArray(value) ? value.map(record) : []);
const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
const flag = (value: unknown): boolean | undefined => (typeof value === 'boolean' ? value : undefined);
const whole = (value: unknown): number | undefined => (Number.isInteger(value) ? (value as number) : undefined);
const isText = (value: unknown): value is string => typeof value === 'string';
const texts = (value: unknown): string[] => (Array.isArray(value) ? exact(value.filter(isText)) : []);
const noTexts: Readonly<Record<string, string>> = {};

/** Those fields of an object that are texts and whose names begin so; many objects have none, and share that. */
function textMap(value: unknown, prefix = ''): Readonly<Record<string, string>> {
  const object = record(value);
  let texts: Record<string, string> | undefined;
  for (const name of Object.keys(object)) {
    const text = object[name];
    if (!isText(text) || !name.startsWith(prefix)) continue;
    texts ??= {};
    texts[name] = text;
  }
  return texts ?? noTexts;
}

/** The object without the fields that are undefined: absent and undefined are one here. */
function present<T extends Record<string, unknown>>(fields: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  const there: Record<string, unknown> = {};
  for (const name of Object.keys(fields)) if (fields[name] !== undefined) there[name] = fields[name];
  return there as { [K in keyof T]: Exclude<T[K], undefined> };
}

/** Metadata without managedFields and other people's annotations, which are most of an object's bytes. */
export function projectMeta(value: unknown): ObjectMeta {
  const meta = record(value);
  return present({
    name: text(meta['name']) ?? '',
    namespace: text(meta['namespace']),
    uid: text(meta['uid']) ?? '',
    resourceVersion: text(meta['resourceVersion']) ?? '',
    generation: whole(meta['generation']),
    creationTimestamp: text(meta['creationTimestamp']),
    deletionTimestamp: text(meta['deletionTimestamp']),
    labels: textMap(meta['labels']),
    annotations: textMap(meta['annotations'], 'anycast-operator.io/'),
    finalizers: texts(meta['finalizers']),
  }) as ObjectMeta;
}

export function projectService(value: unknown): Service {
  const object = record(value);
  const spec = record(object['spec']);
  const ingress = list(record(record(object['status'])['loadBalancer'])['ingress']);
  return {
    metadata: projectMeta(object['metadata']),
    spec: present({
      type: text(spec['type']),
      loadBalancerClass: text(spec['loadBalancerClass']),
      loadBalancerIP: text(spec['loadBalancerIP']),
      externalTrafficPolicy: text(spec['externalTrafficPolicy']),
      healthCheckNodePort: whole(spec['healthCheckNodePort']),
      ipFamilies: texts(spec['ipFamilies']),
    }) as Service['spec'],
    status: { loadBalancer: { ingress: ingress.map((entry) => present({ ip: text(entry['ip']) }) as { ip?: string }) } },
  };
}

export function projectEndpointSlice(value: unknown): EndpointSlice {
  const object = record(value);
  const meta = projectMeta(object['metadata']);
  const serviceName = meta.labels?.[serviceNameLabel];
  return {
    metadata: { ...meta, labels: serviceName === undefined ? {} : { [serviceNameLabel]: serviceName } },
    addressType: text(object['addressType']) ?? '',
    endpoints: list(object['endpoints']).map((endpoint) => {
      const conditions = record(endpoint['conditions']);
      return present({
        nodeName: text(endpoint['nodeName']),
        conditions: present({
          ready: flag(conditions['ready']),
          serving: flag(conditions['serving']),
          terminating: flag(conditions['terminating']),
        }),
      }) as EndpointSlice['endpoints'][number];
    }),
  };
}

export function projectNode(value: unknown): Node {
  const object = record(value);
  const status = record(object['status']);
  const taints = list(record(object['spec'])['taints']);
  return {
    metadata: projectMeta(object['metadata']),
    spec: { taints: taints.map((taint) => ({ key: text(taint['key']) ?? '', effect: text(taint['effect']) ?? '' })) },
    status: {
      addresses: list(status['addresses']).map((entry) => ({ type: text(entry['type']) ?? '', address: text(entry['address']) ?? '' })),
      conditions: list(status['conditions']).map(
        (entry) =>
          present({
            type: text(entry['type']) ?? '',
            status: text(entry['status']) ?? '',
            lastTransitionTime: text(entry['lastTransitionTime']),
          }) as NodeCondition,
      ),
    },
  };
}

export function projectNamespace(value: unknown): Namespace {
  return { metadata: projectMeta(record(value)['metadata']) };
}
