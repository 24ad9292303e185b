/** One kind of object that the API server keeps: where it lives in the API. The rooms above hand in their table of kinds. */
export type ResourceType = {
  /** API group; empty for Kubernetes' core. */
  readonly group: string;
  readonly version: string;
  /** Plural name as in the URL, e.g. `services`. */
  readonly plural: string;
  readonly kind: string;
  readonly namespaced: boolean;
  /** What to do where the API server does not have the kind, for error messages. Absent for kinds that every cluster has. */
  readonly howToDefine?: string;
};

/** Which object of a kind. `namespace` is absent for cluster-wide kinds. */
export type ObjectRef = { readonly namespace?: string; readonly name: string };

/** What this room needs to know of every object; projections keep at least this. */
export type KubeObject = {
  readonly metadata: ObjectRef & {
    /** Another object under the same name has another uid. */
    readonly uid: string;
    readonly resourceVersion: string;
  };
};

/** An object as JSON, with whatever the API server sent. Dates are texts. */
export type RawObject = {
  readonly metadata: RawMeta;
  readonly [field: string]: unknown;
};

/** Metadata as JSON: what the server fills in is absent in objects that are to be created. */
export type RawMeta = {
  readonly name?: string;
  readonly generateName?: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly generation?: number;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly deletionGracePeriodSeconds?: number;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly finalizers?: readonly string[];
  readonly [field: string]: unknown;
};

/** `namespace/name`, or the name of a cluster-wide object. */
export function keyOf(ref: ObjectRef): string {
  return ref.namespace === undefined || ref.namespace === '' ? ref.name : `${ref.namespace}/${ref.name}`;
}

/** {@link keyOf} of an object as JSON. */
export function keyOfRaw({ metadata: { namespace, name = '' } }: RawObject): string {
  return keyOf({ name, ...(namespace !== undefined && { namespace }) });
}

/** The opposite of {@link keyOf}. */
export function refOf(key: string): ObjectRef {
  const slash = key.indexOf('/');
  return slash < 0 ? { name: key } : { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}

/** `v1` or `group/version`, as objects carry it. */
export function apiVersionOf(type: ResourceType): string {
  return type.group === '' ? type.version : `${type.group}/${type.version}`;
}

/** Path of a collection: of one namespace, or of the whole cluster where `namespace` is absent. */
export function collectionPath(type: ResourceType, namespace?: string): string {
  const root = type.group === '' ? `/api/${type.version}` : `/apis/${type.group}/${type.version}`;
  return namespace === undefined ? `${root}/${type.plural}` : `${root}/namespaces/${encodeURIComponent(namespace)}/${type.plural}`;
}

/** Path of one object. */
export function objectPath(type: ResourceType, ref: ObjectRef): string {
  return `${collectionPath(type, ref.namespace)}/${encodeURIComponent(ref.name)}`;
}

/** `services` or `anycastpeers.anycast-operator.io`: short and unique, for logs and metrics. */
export function typeName(type: ResourceType): string {
  return type.group === '' ? type.plural : `${type.plural}.${type.group}`;
}

/**
 * Whether resource version `a` is older than `b`. They are decimal integers of any length, comparable since Kubernetes 1.35
 * and in fact before; what is not a number is never older.
 */
export function isOlder(a: string, b: string): boolean {
  if (!decimal.test(a) || !decimal.test(b)) return false;
  return a.length === b.length ? a < b : a.length < b.length;
}

const decimal = /^(0|[1-9]\d*)$/;
