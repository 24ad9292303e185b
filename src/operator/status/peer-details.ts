import { observingConfig } from '#decide/observing.ts';
import type { ObservedPeer } from '#decide/view.ts';
import { peerKey } from '#state/entry.ts';
import { type Details, isFalse, isTrue, type WantedCondition } from './conditions.ts';
import type { StatusFacts } from './facts.ts';
import { lackOf } from './lacks.ts';

/** What an AnycastPeer says: how its sessions stand, and whether their password is there. */
export function peerDetails(facts: StatusFacts, name: string): Details {
  const nodes = [...facts.outcomes.nodesOf(name)].sort();
  const down = nodes.filter((node) => facts.speakers.get(node)?.sessions.get(name)?.state !== 'Established');
  const peer = facts.observer.view.peer(name);
  const more = peer === undefined ? [] : passwordConditions(facts, peer);
  const noPassword = peer?.session.password === undefined ? more.find(({ status }) => status === 'False') : undefined;
  const observed = observingConfig(facts.observer.view) === undefined ? undefined : observedPeer(facts, name, nodes);
  const ready =
    observed ?? lacking(facts, name, nodes) ?? (down.length > 0 ? noPassword : undefined) ?? sessionsReady(facts, name, nodes, down);
  return { ready: { ...ready, type: 'Ready' }, more, fields: { sessions: `${nodes.length - down.length}/${nodes.length}` } };
}

/** Whether the password of a peer that has one can be read, and what is in force where it can't. */
function passwordConditions({ observer }: StatusFacts, { passwordSecret, session }: ObservedPeer): WantedCondition[] {
  if (passwordSecret === undefined) return [];
  const password = observer.password(passwordSecret);
  if (password.ok) return [isTrue('ResolvedRefs', 'Resolved')];
  const meanwhile =
    session.password === undefined
      ? 'no session is opened or changed; one that is established goes on'
      : 'the password that was read last stays in force';
  return [isFalse('ResolvedRefs', password.error.reason, `${password.error.message}. Until then ${meanwhile}`)];
}

/** What the speakers of some nodes can't do for the peer. */
function lacking(facts: StatusFacts, name: string, nodes: readonly string[]): WantedCondition | undefined {
  const lacks = nodes.flatMap((node) => lackOf(facts, node, name) ?? []);
  return lacks.length === 0 ? undefined : isFalse('Ready', 'FeatureMissing', `${lacks[0]}${andMore(lacks.length)}`);
}

function sessionsReady(facts: StatusFacts, name: string, nodes: readonly string[], down: readonly string[]): WantedCondition {
  const [first] = down;
  if (first === undefined) return isTrue('Ready', nodes.length === 0 ? 'NoNodeSelected' : 'Established');
  const session = facts.speakers.get(first)?.sessions.get(name);
  const rejected = facts.deliveries.peek(first)?.rejected.find((entry) => entry.key === peerKey(name));
  const why =
    rejected?.message ??
    (session === undefined ? 'its speaker is not connected' : session.lastError || `the session is in state ${session.state}`);
  return isFalse('Ready', rejected === undefined ? 'SessionDown' : 'EntryRejected', `${first}: ${why}${andMore(down.length)}`);
}

const andMore = (nodes: number): string => (nodes > 1 ? ` (and ${nodes - 1} more)` : '');

/** What is observed is as it should be when there is no session. */
function observedPeer({ deliveries }: StatusFacts, name: string, nodes: readonly string[]): WantedCondition {
  const [closing] = nodes.filter((node) => deliveries.peek(node)?.isGone(peerKey(name)) === false);
  if (closing !== undefined)
    return isFalse('Ready', 'ObserveOnly', `${closing}: its speaker has not closed the session yet: the mode is Observe`);
  return isTrue(
    'Ready',
    'ObserveOnly',
    `no session is opened: the mode is Observe; ${nodes.length} ${nodes.length === 1 ? 'node' : 'nodes'} would have one`,
  );
}
