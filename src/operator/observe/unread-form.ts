import { defaultRemovalGuard } from '#decide/limits.ts';
import type { Kind, ObservedConfig, ObservedObject, Presence } from '#decide/view.ts';
import type { ObjectMeta } from '../core-objects.ts';
import { observed, presenceIn } from './map-core.ts';

/**
 * What counts of an object that can't be read: its last good form, which stays missing if it was, for nothing that was read says
 * that it is there. Of an AnycastConfig that was never read it counts that there is one.
 */
export function unreadForm(
  kind: Kind,
  metadata: ObjectMeta,
  before: ObservedObject | undefined,
  presence: Presence,
): ObservedObject | undefined {
  if (before === undefined) return kind === 'AnycastConfig' && presence === 'present' ? unreadConfig(metadata) : undefined;
  const now = presenceIn(metadata, presence);
  return { ...before, presence: now === 'present' && before.presence === 'missing' ? 'missing' : now };
}

/** It claims nothing, and is as one that is missing: what it may forbid is not begun. */
const unreadConfig = (metadata: ObjectMeta): ObservedConfig => ({
  ...observed('AnycastConfig', metadata, 'missing'),
  claims: [],
  isObserved: false,
  removalGuard: defaultRemovalGuard,
});
