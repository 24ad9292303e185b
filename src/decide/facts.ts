import { exact } from '#runtime/exact.ts';
import type { Evidence } from '#state/evidence.ts';
import type { Doubt } from './intent.ts';
import { maxEvidence, nodeSettleMs } from './limits.ts';
import { hasTombstone, type Kind, type Observed, type View } from './view.ts';

/** A fact that an object states; of an object that is gone, the fact is that. */
export function seen(object: Observed, fact: string): Evidence {
  const what = object.presence === 'deleted' ? 'deleted' : object.presence === 'deleting' ? 'being deleted' : fact;
  return { source: object.kind, object: object.key, resourceVersion: object.resourceVersion, fact: what };
}

/** The first few of many facts. */
export function facts<T extends Observed>(objects: Iterable<T>, fact: (object: T) => string): Evidence[] {
  const evidence: Evidence[] = [];
  for (const object of objects) {
    if (evidence.length === maxEvidence) break;
    evidence.push(seen(object, fact(object)));
  }
  return exact(evidence);
}

/** Doubt that a whole kind was not heard of recently. */
export const staleness = (view: View, ...kinds: readonly Kind[]): Doubt[] =>
  kinds.filter((kind) => !view.isFresh(kind)).map((kind) => ({ reason: 'InputStale', kind }));

/** What stands against believing an object. A tombstone stays true, however old. */
export function doubtsAbout(view: View, kind: Kind, key: string, object: Observed | undefined): Doubt[] {
  if (object !== undefined && hasTombstone(object)) return [];
  const missing: Doubt[] = object === undefined || object.presence === 'missing' ? [{ reason: 'InputMissing', kind, object: key }] : [];
  return [...missing, ...staleness(view, kind)];
}

/**
 * What stands against believing what is said about endpoints on a node. While a Node is not Ready the node controller, not the
 * kubelet, writes its endpoints, and so it is of one that is gone; for {@link nodeSettleMs} after, its kubelet may not have written them anew.
 */
export function doubtsAboutNode(view: View, name: string, nowMs: number): Doubt[] {
  const node = view.node(name);
  const doubts = doubtsAbout(view, 'Node', name, node);
  if (node === undefined) return doubts;
  if (node.readySinceMs === undefined || node.presence === 'deleted')
    return [...doubts, { reason: 'NodeUnknown', kind: 'Node', object: name }];
  const untilMs = node.readySinceMs + nodeSettleMs;
  return nowMs < untilMs ? [...doubts, { reason: 'NodeUnknown', kind: 'Node', object: name, untilMs }] : doubts;
}

/** The older of two objects first; equal ages by key, so that everyone sorts alike. */
export const byAge = (a: Observed, b: Observed): number => compareText(a.createdAt, b.createdAt) || compareText(a.key, b.key);

/** Order of code units: the same on every machine. */
export const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
