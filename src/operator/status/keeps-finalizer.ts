import type { Removal } from '#decide/removals.ts';
import type { Kind } from '#decide/view.ts';
import { everySpeakerHeard, type StatusFacts } from './facts.ts';
import { fencedBy } from './fence.ts';
import { isRestedOn } from './rests.ts';

/**
 * Whether an object that is being deleted keeps our finalizer: while something rests on it. But what the removal guard has taken
 * note of may be made anew meanwhile, and so is let go, where every speaker concerned is there to hear of it. A Service that is
 * held is kept: its address is served as long as it is there.
 */
export const keepsFinalizer = (facts: StatusFacts, kind: Kind, key: string): boolean =>
  isRestedOn(facts, kind, key) && !(isNoted(facts, kind, key) && everySpeakerHeard(facts) && fencedBy(facts, kind, key).length === 0);

function isNoted(facts: StatusFacts, kind: Kind, key: string): boolean {
  switch (kind) {
    case 'Service':
      return routesAre(facts, key, (removal) => removal.state === 'grace' || (removal.state === 'held' && removal.isReleased));
    case 'AnycastService': {
      const service = facts.observer.view.get('AnycastService', key)?.service ?? '';
      return routesAre(facts, service, (removal) => removal.state !== 'removed');
    }
    case 'AnycastPeer':
      return !facts.pending() && facts.outcomes.everyUnwantedIsGuarded && facts.outcomes.isCloseGuarded(key);
    case 'AnycastPool':
    case 'AnycastAdvertisement':
    case 'AnycastConfig':
      return !facts.pending() && facts.outcomes.everyUnwantedIsGuarded;
    case 'AnycastHold':
    case 'EndpointSlice':
    case 'Namespace':
    case 'Node':
      return false;
  }
}

/** Whether all routes of a Service are of prefixes that go, in such a state. */
function routesAre({ ledger }: StatusFacts, service: string, isSo: (removal: Removal) => boolean): boolean {
  const { removals } = ledger();
  for (const { place } of ledger().routesOf(service)) {
    const removal = removals.of(place.prefix);
    if (removal === undefined || !isSo(removal)) return false;
  }
  return true;
}
