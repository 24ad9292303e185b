import { crdName, crdYaml } from '#api/crd/crd.ts';
import { kinds } from '#api/kinds.ts';
import type { Generator, Output } from './generator.ts';

const crdsIn = (folder: string): Output[] =>
  Object.values(kinds).map((kind) => ({ path: `${folder}/${crdName(kind)}.yaml`, content: crdYaml(kind) }));

/** The CustomResourceDefinitions, for `kubectl apply --server-side -f crds/`. */
export const crds: Generator = { name: 'custom resource definitions', folder: 'crds', outputs: () => crdsIn('crds') };

const chartFolder = 'charts/anycast-operator/files/crds';

/** The same for Helm, which reads nothing outside of the chart. */
export const chartCrds: Generator = { name: 'definitions in the chart', folder: chartFolder, outputs: () => crdsIn(chartFolder) };

/** The same for kustomize, which reads nothing outside of the folder that it is given. */
export const baseCrds: Generator = {
  name: 'definitions for kustomize',
  outputs: () => [{ path: 'deploy/base/crds.yaml', content: `---\n${Object.values(kinds).map(crdYaml).join('---\n')}` }],
};
