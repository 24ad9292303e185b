import type { RawObject } from '#kube/resource.ts';
import { badRequest } from './refusal.ts';

/** Whether an object is selected. */
export type Selector = (object: RawObject) => boolean;

/** `a=b,c!=d,e in (f,g),h notin (i),j,!k`: Kubernetes' label selectors. Empty selects everything. */
export function labelSelector(text: string): Selector {
  // Commas inside parentheses belong to the set.
  const requirements = text
    .split(/,(?![^(]*\))/)
    .map((part) => part.trim())
    .filter((part) => part !== '');
  const checks = requirements.map(requirement);
  return (object) => checks.every((check) => check(object.metadata.labels ?? {}));
}

type LabelCheck = (labels: Readonly<Record<string, string>>) => boolean;

function requirement(text: string): LabelCheck {
  const set = /^(\S+)\s+(in|notin)\s+\(([^)]*)\)$/.exec(text);
  if (set !== null) {
    const [, key = '', operator, values = ''] = set;
    const listed = values.split(',').map((value) => value.trim());
    return (labels) => listed.includes(labels[key] ?? '\0') === (operator === 'in');
  }
  const equality = /^([^=!\s]+)\s*(==|=|!=)\s*(\S*)$/.exec(text);
  if (equality !== null) {
    const [, key = '', operator, value] = equality;
    return (labels) => (labels[key] === value) === (operator !== '!=');
  }
  if (/^![^=!\s]+$/.test(text)) return (labels) => labels[text.slice(1)] === undefined;
  if (/^[^=!\s]+$/.test(text)) return (labels) => labels[text] !== undefined;
  throw badRequest(`unable to parse requirement: ${text}`);
}

const metadataFields: readonly string[] = ['metadata.name', 'metadata.namespace'];

/** `metadata.name=x,metadata.namespace=y`, and fields of the kind itself; others are refused, as the API server does. */
export function fieldSelector(text: string, own: readonly string[] = []): Selector {
  const wanted = text
    .split(',')
    .filter((part) => part !== '')
    .map((part) => part.split(/==?/));
  for (const [field = ''] of wanted) {
    if (!metadataFields.concat(own).includes(field)) throw badRequest(`field label not supported: ${field}`);
  }
  const valueIn = (object: RawObject, field: string): unknown =>
    field === 'metadata.name' ? object.metadata.name : field === 'metadata.namespace' ? object.metadata.namespace : object[field];
  return (object) => wanted.every(([field = '', value]) => valueIn(object, field) === value);
}
