import type { Kind } from '#decide/view.ts';
import type { Logger } from '#obs/logger.ts';
import type { Clock, Timer } from '#runtime/clock.ts';
import { limits } from '../limits.ts';

/** Whether an object is there, asked for by name. `unknown`: nobody could say. */
export type LookUp = (kind: Kind, key: string) => Promise<'there' | 'gone' | 'unknown'>;

export type AbsencesOptions = {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly lookUp: LookUp;
  /** Lists a kind again; `listed` follows. */
  readonly relist: (kind: Kind) => void;
  /** How many objects of a kind are there. */
  readonly count: (kind: Kind) => number;
  /** UID of the namespace kube-system, which names the cluster; undefined while it was not seen. */
  readonly clusterUid: () => string | undefined;
  /** The object is gone: a tombstone. */
  readonly onGone: (kind: Kind, key: string) => void;
};

type Vanished = { readonly key: string; readonly sinceMs: number };

/**
 * Confirms that what vanished from a list is gone (governor.md: tombstone). One absence is no evidence: a second list, ten
 * seconds later, must agree, the object asked for by its name must not be there, the cluster must be the same one, and not too
 * many may have vanished together. What is not confirmed stays as it was.
 */
export class Absences {
  readonly #options: AbsencesOptions;
  readonly #vanished = new Map<Kind, Map<string, Vanished>>();
  readonly #timers = new Map<Kind, Timer>();
  /** Kinds for which it was said that too many vanished. */
  readonly #held = new Set<Kind>();
  #clusterUid: string | undefined;
  #stopped = false;

  constructor(options: AbsencesOptions) {
    this.#options = options;
  }

  /** An object was not in a complete list. */
  vanished(kind: Kind, key: string): void {
    const ofKind = this.#vanished.get(kind) ?? new Map<string, Vanished>();
    this.#vanished.set(kind, ofKind);
    ofKind.set(key, { key, sinceMs: this.#options.clock.nowMs() });
    this.#lookAgain(kind);
  }

  /** The object is there again, or its deletion was told. */
  settled(kind: Kind, key: string): void {
    const ofKind = this.#vanished.get(kind);
    if (ofKind?.delete(key) !== true || ofKind.size > 0) return;
    this.#vanished.delete(kind);
    this.#held.delete(kind);
    this.#timers.get(kind)?.cancel();
    this.#timers.delete(kind);
  }

  /** A complete list was read that is not older than what was seen before. What is still absent, and long enough, is asked for. */
  listed(kind: Kind): void {
    const nowMs = this.#options.clock.nowMs();
    const due = [...(this.#vanished.get(kind)?.values() ?? [])].filter(({ sinceMs }) => nowMs - sinceMs >= limits.absenceConfirmMs);
    if (due.length === 0 || this.#tooMany(kind)) return;
    void this.#confirm(kind, due);
  }

  stop(): void {
    this.#stopped = true;
    for (const timer of this.#timers.values()) timer.cancel();
  }

  async #confirm(kind: Kind, due: readonly Vanished[]): Promise<void> {
    for (const { key, sinceMs } of due) {
      const answer = await this.#options.lookUp(kind, key);
      // Meanwhile it may have come back, or vanished anew.
      const isStillAbsent = this.#vanished.get(kind)?.get(key)?.sinceMs === sinceMs;
      if (this.#stopped || !this.#isSameCluster()) return;
      if (answer !== 'gone' || !isStillAbsent) continue;
      this.#options.logger.warn({ event: 'absence-confirmed', kind, object: key });
      this.settled(kind, key);
      this.#options.onGone(kind, key);
    }
  }

  /** The removal guard of what was never told: more than a quarter, at least two, or more than a hundred at once. */
  #tooMany(kind: Kind): boolean {
    const gone = this.#vanished.get(kind)?.size ?? 0;
    const share = gone / (gone + this.#options.count(kind));
    const isTooMany = gone > limits.absencesAtOnce || (gone >= 2 && share > limits.absenceShare);
    if (isTooMany && !this.#held.has(kind)) {
      this.#held.add(kind);
      const message =
        'so many objects vanished at once that none is believed to be deleted: routes stay; restore them, or delete them again';
      this.#options.logger.error({ event: 'absence-held', kind, vanished: gone }, message);
    }
    return isTooMany;
  }

  #isSameCluster(): boolean {
    const uid = this.#options.clusterUid();
    this.#clusterUid ??= uid;
    return uid !== undefined && uid === this.#clusterUid;
  }

  #lookAgain(kind: Kind): void {
    this.#isSameCluster();
    if (this.#stopped || this.#timers.has(kind)) return;
    const timer = this.#options.clock.after(limits.absenceConfirmMs, () => {
      this.#timers.delete(kind);
      if (!this.#vanished.has(kind)) return;
      this.#options.relist(kind);
      this.#lookAgain(kind);
    });
    this.#timers.set(kind, timer);
  }
}
