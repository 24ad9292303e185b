import type { Cause } from '#state/evidence.ts';
import { freshInput } from './fresh-input.ts';
import type { Guard, GuardFacts, Hold, Question } from './guard.ts';
import { holdDown } from './hold-down.ts';
import { nodeKnown } from './node-known.ts';
import { positiveEvidence } from './positive-evidence.ts';
import { presentInput } from './present-input.ts';
import { removalGuard } from './removal-guard.ts';
import { speakerAble } from './speaker-able.ts';
import { speakerHeard } from './speaker-heard.ts';

/** Every guard, in the order in which they are asked. The first that holds gives the reason. */
const guards = {
  speakerHeard,
  presentInput,
  freshInput,
  nodeKnown,
  positiveEvidence,
  speakerAble,
  removalGuard,
  holdDown,
} as const satisfies Record<string, Guard>;

type GuardName = keyof typeof guards;

/** Names of the guards, in the order of the table's columns. */
export const guardNames = Object.keys(guards) as readonly GuardName[];

/** In the table: a guard that is asked, and one that is not. */
const x = true;
const o = false;

const row = (
  ...asked: readonly [boolean, boolean, boolean, boolean, boolean, boolean, boolean, boolean]
): Readonly<Record<GuardName, boolean>> =>
  Object.fromEntries(guardNames.map((name, index) => [name, asked[index]])) as Record<GuardName, boolean>;

/**
 * The table: which guards a change of each cause has to pass. A tombstone is a fact that neither age nor the state of a node makes
 * less true, so removal asks for evidence, and for how much goes at once. A person's act is not questioned. What a speaker can not
 * run is not sent to it, whatever a peer's change does; losses need nothing of it.
 */
// biome-ignore format: a table
export const admissionTable: Readonly<Record<Cause, Readonly<Record<GuardName, boolean>>>> = {
  //         heard presence freshness node evidence able removal hold-down
  isolate:    row(o,   o,      o,      o,     o,     o,    o,      o),
  removal:    row(x,   o,      o,      o,     x,     o,    x,      o),
  narrowing:  row(x,   x,      x,      o,     x,     x,    x,      o),
  hard:       row(x,   x,      x,      x,     x,     o,    o,      o),
  soft:       row(x,   x,      x,      x,     x,     o,    o,      o),
  drain:      row(x,   x,      x,      o,     x,     o,    o,      o),
  leave:      row(x,   o,      o,      o,     x,     o,    o,      o),
  attributes: row(x,   o,      x,      o,     o,     x,    o,      o),
  bringUp:    row(x,   x,      x,      x,     x,     x,    o,      x),
};

/** What the admission function answers. */
export type Admission = { readonly rule: 'Admitted' } | (Hold & { readonly rule: GuardName });

/**
 * The one admission function: every change, and so every loss of a route by our own hand, is asked here.
 */
export function admit(question: Question, facts: GuardFacts): Admission {
  const row = admissionTable[question.cause];
  for (const name of guardNames) {
    const hold = row[name] ? guards[name](question, facts) : undefined;
    if (hold !== undefined) return { rule: name, ...hold };
  }
  return { rule: 'Admitted' };
}

/** When the first of several holds may end by time alone: what is held is to be decided again then. */
export function wakeOf(decisions: readonly { readonly untilMs?: number }[]): { readonly wakeAtMs?: number } {
  const times = decisions.flatMap(({ untilMs }) => (untilMs === undefined ? [] : [untilMs]));
  return times.length === 0 ? {} : { wakeAtMs: Math.min(...times) };
}
