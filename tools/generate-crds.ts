import { crdName, crdYaml } from '#api/crd/crd.ts';
import { kinds } from '#api/kinds.ts';
import type { Generator } from './generator.ts';

/** The CustomResourceDefinitions, for `kubectl apply --server-side -f crds/`. */
export const crds: Generator = {
  name: 'custom resource definitions',
  folder: 'crds',
  outputs: () => Object.values(kinds).map((kind) => ({ path: `crds/${crdName(kind)}.yaml`, content: crdYaml(kind) })),
};
