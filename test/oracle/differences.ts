import { isDeepStrictEqual } from 'node:util';
import type { Question } from './gobgp.ts';
import type { View } from './view.ts';

/** One thing about a message on which the decoders do not agree. */
export type Difference = Question & {
  /** `handling`, `kind`, `withdrawn`, `announced`, a field, or an attribute. */
  readonly what: string;
  readonly ours: View;
  readonly theirs: View;
};

/** All that differs. What a message says is compared where both take it as it is; its attributes where it announces something. */
export function differencesOf(question: Question, ours: View, theirs: View): Difference[] {
  const differ = (what: string): Difference => ({ ...question, what, ours, theirs });
  if (ours.handling !== theirs.handling) return [differ('handling')];
  if (ours.handling !== 'fine') return [];
  if (ours.kind !== theirs.kind) return [differ('kind')];
  const announces = (ours.announced ?? []).length > 0;
  return [
    ...differingKeys(
      { withdrawn: sorted(ours.withdrawn), announced: sorted(ours.announced) },
      { withdrawn: sorted(theirs.withdrawn), announced: sorted(theirs.announced) },
    ),
    ...differingKeys(ours.fields, theirs.fields),
    ...(announces ? differingKeys(ours.attributes, theirs.attributes) : []),
  ].map(differ);
}

function differingKeys(ours: Readonly<Record<string, unknown>> = {}, theirs: Readonly<Record<string, unknown>> = {}): string[] {
  return Object.keys({ ...ours, ...theirs }).filter((key) => !isDeepStrictEqual(ours[key], theirs[key]));
}

/** Groups in one order, for it says nothing. */
const sorted = (groups: View['withdrawn'] = []): string[] =>
  groups.map((group) => JSON.stringify(group, ['family', 'nextHop', 'prefixes'])).sort();
