import type { LabelSelector, Labels } from './view.ts';

/** Whether labels satisfy a selector, as Kubernetes evaluates it: `NotIn` and `DoesNotExist` match where the key is absent. */
export function selects(selector: LabelSelector | undefined, labels: Labels): boolean {
  const pairs = Object.entries(selector?.matchLabels ?? {});
  if (!pairs.every(([key, value]) => labelOf(labels, key) === value)) return false;
  return (selector?.matchExpressions ?? []).every((requirement) => holds(requirement, labels));
}

/** Whether a selector asks anything at all: one that does not needs no labels to be known. */
export const asksForLabels = (selector: LabelSelector | undefined): boolean =>
  Object.keys(selector?.matchLabels ?? {}).length + (selector?.matchExpressions ?? []).length > 0;

function holds(requirement: NonNullable<LabelSelector['matchExpressions']>[number], labels: Labels): boolean {
  const value = labelOf(labels, requirement.key);
  switch (requirement.operator) {
    case 'In':
      return value !== undefined && (requirement.values ?? []).includes(value);
    case 'NotIn':
      return value === undefined || !(requirement.values ?? []).includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
  }
}

/** A label may be called like something that every object inherits. */
const labelOf = (labels: Labels, key: string): string | undefined => (Object.hasOwn(labels, key) ? labels[key] : undefined);
