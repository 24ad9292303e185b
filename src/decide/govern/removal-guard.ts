import type { Guard, GuardFacts, Hold, Question, Taking } from './guard.ts';

/**
 * No mistake takes very much away at once. What configuration takes away waits a moment, so that what is deleted and made again
 * was never gone; a session goes after its routes, and some at a time are made anew; and prefixes beyond what may go within an
 * hour wait for a person.
 */
export const removalGuard: Guard = (question, facts) => {
  const { takes } = question;
  if (takes === undefined) return undefined;
  if (takes.what === 'session') return sessionGoes(takes, question, facts);
  if (takes.what === 'peer') return grace(question, facts);
  const known = facts.ledger.removals.of(takes.prefix);
  if (known?.state === 'removed' || (known?.state === 'held' && known.isApproved)) return undefined;
  if (known?.state === 'held') return heldIn(known);
  const waits = grace(question, facts);
  // What is in grace counts already. What goes elsewhere has a moment to come up there, and counts for nothing till then.
  if (known !== undefined || (takes.isComing === true && waits !== undefined)) return waits;
  return excessOf(takes, facts) ?? waits;
};

/** What this removal would be too much of; undefined where it is not. */
function excessOf({ together }: Extract<Taking, { what: 'prefix' }>, facts: GuardFacts): Hold | undefined {
  const { ledger, nowMs, removalGuard: settings } = facts;
  const { inGrace, removed } = ledger.removals.counted(nowMs);
  const going = inGrace + removed + together.size;
  // What is in grace is still there; what was removed was.
  const of = ledger.prefixCount + removed;
  const inputs = { going, of, maxPercent: settings.maxPercent, maxPrefixes: settings.maxPrefixes };
  const exit = 'a person approves the AnycastHold that lists it, or it is wanted again';
  const hold = (why: string): Hold => ({ reason: 'RemovalHeld', inputs: { ...inputs, why }, exit });
  if (going >= 2 && going * 100 > settings.maxPercent * of) return hold('share');
  if (going > settings.maxPrefixes) return hold('number');
  return settings.holdsLastOfPool && facts.emptiesPool(together) ? hold('lastOfPool') : undefined;
}

const heldIn = ({ batch, isReleased }: { readonly batch: string; readonly isReleased: boolean }): Hold => ({
  reason: 'RemovalHeld',
  inputs: { hold: batch },
  exit: isReleased
    ? `it is made again, or a person approves AnycastHold ${batch}`
    : `a person approves AnycastHold ${batch}, or it is wanted again`,
});

function grace({ before }: Question, { nowMs, removalGuard: { graceMs } }: GuardFacts): Hold | undefined {
  const sinceMs = before?.reason === 'RemovalGrace' ? before.sinceMs : nowMs;
  const untilMs = sinceMs + graceMs;
  if (nowMs >= untilMs) return undefined;
  return { reason: 'RemovalGrace', inputs: { graceMs }, untilMs, exit: 'it is wanted again, or the time is over' };
}

function sessionGoes({ routes, anew }: Extract<Taking, { what: 'session' }>, question: Question, facts: GuardFacts): Hold | undefined {
  const ends = routes === undefined ? undefined : sessionEnds(routes, question, facts);
  return ends ?? (anew === undefined ? undefined : inTurn(anew, question, facts));
}

/** What sessions are made of may be wrong: the next ones are made anew when the first are established again. */
function inTurn(peer: string, { node }: Question, { ledger, removalGuard: { maxPercent } }: GuardFacts): Hold | undefined {
  const { anew, of, first } = ledger.turns.now;
  const atOnce = Math.max(1, Math.floor((of * maxPercent) / 100));
  if (!ledger.turns.isUp(node, peer) || anew < atOnce || first === undefined) return undefined;
  const exit = `the session of ${first.node} with peer ${first.peer}, which is being made anew, is established, or the change is undone`;
  return { reason: 'SessionsInTurn', inputs: { anew, of, atOnce }, exit };
}

/** Closing a session takes all of its routes: they are asked for one by one, and go first. */
function sessionEnds(routes: number, question: Question, facts: GuardFacts): Hold | undefined {
  const isOver = question.before?.reason === 'RoutesRemain' || question.before?.reason === 'SessionsInTurn';
  const waits = isOver ? undefined : grace(question, facts);
  if (waits !== undefined || routes === 0) return waits;
  return { reason: 'RoutesRemain', inputs: { routes }, exit: 'the routes that the router is told have gone their own way' };
}
