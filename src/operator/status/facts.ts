import type { LedgerStore } from '#decide/ledger-store.ts';
import type { ObjectSource } from '#kube/object-source.ts';
import type { Clock } from '#runtime/clock.ts';
import type { CustomObject } from '../custom-object.ts';
import type { Deliveries } from '../deliver/deliveries.ts';
import type { Observer } from '../observe/observer.ts';
import type { Outcomes } from '../outcomes.ts';
import type { Speakers } from '../speakers.ts';

/** Where the texts of a status come from: what was observed, decided, and what speakers report. Read-only. */
export type StatusFacts = {
  readonly observer: Observer;
  readonly speakers: Speakers;
  readonly deliveries: Deliveries;
  readonly ledger: () => LedgerStore;
  readonly outcomes: Outcomes;
  /** AnycastSpeakers by name of the node: whoever was here and is not known to be gone. */
  readonly speakerObjects: Pick<ObjectSource<CustomObject>, 'store' | 'freshness'>;
  /** Whether something changed that is not decided yet. */
  readonly pending: () => boolean;
  /**
   * Whether statuses may be written: before the speakers are heard in a new term, everything would look as if it were down.
   * Finalizers and addresses do not wait.
   */
  readonly canTell: () => boolean;
  readonly clock: Clock;
};

/** Whether all speakers that were ever here said Hello in this term: until then any of them may have any route. */
export function everySpeakerHeard({ ledger, speakerObjects }: Pick<StatusFacts, 'ledger' | 'speakerObjects'>): boolean {
  if (!speakerObjects.freshness.listedCompletely) return false;
  for (const node of speakerObjects.store.keys()) if (!ledger().heard(node)) return false;
  return true;
}
