import type { EventRecord } from '#kube/events.ts';
import type { Logger } from '#obs/logger.ts';
import type { Clock, Timer } from '#runtime/clock.ts';
import { limits } from '../limits.ts';
import type { Turn } from '../pipeline/pipeline.ts';
import { type Obstacle, type ObstacleFacts, obstacleForPerson } from '../status/obstacles.ts';

export type UnannounceableOptions = {
  readonly facts: ObstacleFacts;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly recordEvent: (event: EventRecord) => void;
};

/** What keeps a Service from being announced, and since when it is known. */
type Found = { readonly reason: string; readonly message: string; readonly sinceMs: number; isTold: boolean };

/**
 * Tells of Services that can't be announced until a person acts: a Warning event on the Service, and a log line. A Service without
 * an AnycastService has no other place to say it. Told once per reason and sentence in a term, and only of what lasts: objects that
 * are applied together arrive one after another.
 */
export class Unannounceable {
  readonly #options: UnannounceableOptions;
  /** Services that can't be announced: no others are in here. */
  readonly #found = new Map<string, Found>();
  #timer: Timer | undefined;

  constructor(options: UnannounceableOptions) {
    this.#options = options;
  }

  turn({ services }: Turn): void {
    const nowMs = this.#options.clock.nowMs();
    for (const outcome of services) {
      const { service } = outcome.intent;
      const isEnding = this.#options.facts.observer.raw('Service', service)?.metadata.deletionTimestamp !== undefined;
      const obstacle = isEnding ? undefined : obstacleForPerson(this.#options.facts, outcome);
      if (obstacle === undefined) this.#found.delete(service);
      else this.#find(service, obstacle, nowMs);
    }
  }

  forgetTerm(): void {
    this.#found.clear();
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #find(service: string, { reason, message }: Obstacle, nowMs: number): void {
    const before = this.#found.get(service);
    if (before?.reason === reason && before.message === message) return;
    this.#found.set(service, { reason, message, sinceMs: nowMs, isTold: false });
    this.#tellLater();
  }

  #tellLater(): void {
    this.#timer ??= this.#options.clock.after(limits.obstacleSettleMs, () => {
      this.#timer = undefined;
      this.#tellSettled();
      if ([...this.#found.values()].some((found) => !found.isTold)) this.#tellLater();
    });
  }

  #tellSettled(): void {
    const nowMs = this.#options.clock.nowMs();
    for (const [service, found] of this.#found) {
      if (found.isTold || nowMs - found.sinceMs < limits.obstacleSettleMs) continue;
      found.isTold = true;
      this.#tell(service, found);
    }
  }

  #tell(service: string, { reason, message }: Found): void {
    const { facts, logger, recordEvent } = this.#options;
    logger.warn({ event: 'not-announced', service, reason, message });
    const object = facts.observer.raw('Service', service);
    if (object === undefined) return;
    const { namespace = '', name, uid } = object.metadata;
    const regarding = { apiVersion: 'v1', kind: 'Service', namespace, name, uid };
    recordEvent({ regarding, type: 'Warning', reason, action: 'Refuse', note: message, series: message });
  }
}
