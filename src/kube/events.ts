import type { Logger } from '#obs/logger.ts';
import type { Clock } from '#runtime/clock.ts';
import type { Random } from '#runtime/random.ts';
import { isNotFound } from './api-error.ts';
import type { KubeClient } from './kube-client.ts';
import { limits } from './limits.ts';
import type { ResourceType } from './resource.ts';
import { microTime } from './times.ts';
import { TokenBucket } from './token-bucket.ts';

export const eventType: ResourceType = { group: 'events.k8s.io', version: 'v1', plural: 'events', kind: 'Event', namespaced: true };

/** The object that an event is about. */
export type EventSubject = {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace?: string;
  readonly name: string;
  readonly uid: string;
};

export type EventRecord = {
  readonly regarding: EventSubject;
  readonly type: 'Normal' | 'Warning';
  /** Why, CamelCase and stable. */
  readonly reason: string;
  /** What was done, CamelCase and stable, e.g. `Withdraw`. */
  readonly action: string;
  /** A sentence for people; cut at 1,000 characters. */
  readonly note: string;
  /** What more has to be the same for two events to be one with a count, whose note is that of the first. Default: nothing. */
  readonly series?: string;
};

/** One event in the API, and how often it happened. */
type Series = {
  readonly namespace: string;
  readonly name: string;
  count: number;
  lastMs: number;
  lastWallMs: number;
  /** As much of `count` as the API server knows; 0 until it was created. */
  written: number;
  writing: boolean;
};

/**
 * Writes Kubernetes events (events.k8s.io/v1). The same thing about the same object within 6 minutes is one event with a
 * count. Recording never waits and never fails: what the API server does not take, or what comes too fast, is dropped and
 * counted.
 */
export class EventRecorder {
  readonly #client: KubeClient;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #logger: Logger;
  readonly #controller: string;
  readonly #instance: string;
  readonly #bucket: TokenBucket;
  /** By what makes events the same; the one unused for longest comes first. */
  readonly #series = new Map<string, Series>();
  #dropped = 0;

  /** `controller`: who we are, e.g. `anycast-operator.io/operator`; `instance`: which of us. */
  constructor(options: {
    readonly client: KubeClient;
    readonly clock: Clock;
    readonly random: Random;
    readonly logger: Logger;
    readonly controller: string;
    readonly instance: string;
  }) {
    this.#client = options.client;
    this.#clock = options.clock;
    this.#random = options.random;
    this.#logger = options.logger;
    this.#controller = options.controller;
    this.#instance = options.instance;
    this.#bucket = new TokenBucket(options.clock, { perSecond: limits.eventsPerSecond, burst: limits.eventBurst });
  }

  /** Events that nobody will see. */
  get dropped(): number {
    return this.#dropped;
  }

  record(event: EventRecord): void {
    const { regarding, type, reason, action, series: same = '' } = event;
    const key = [regarding.uid, regarding.kind, regarding.namespace, regarding.name, type, reason, action, same].join('\0');
    const known = this.#series.get(key);
    const nowMs = this.#clock.nowMs();
    if (known !== undefined && nowMs - known.lastMs <= limits.eventSeriesMs) {
      known.count++;
      known.lastMs = nowMs;
      known.lastWallMs = this.#clock.wallMs();
      this.#keep(key, known);
      this.#write(key, known, event);
      return;
    }
    const series = this.#begin(event, nowMs);
    this.#keep(key, series);
    this.#write(key, series, event);
  }

  #begin({ regarding }: EventRecord, nowMs: number): Series {
    const wallMs = this.#clock.wallMs();
    const suffix = `${wallMs.toString(16)}${Math.floor(this.#random() * 0x10000)
      .toString(16)
      .padStart(4, '0')}`;
    return {
      namespace: regarding.namespace ?? 'default',
      name: `${regarding.name.slice(0, 220)}.${suffix}`,
      count: 1,
      lastMs: nowMs,
      lastWallMs: wallMs,
      written: 0,
      writing: false,
    };
  }

  #keep(key: string, series: Series): void {
    this.#series.delete(key);
    this.#series.set(key, series);
    const oldest = this.#series.keys().next();
    if (this.#series.size > limits.eventSeries && oldest.done !== true) this.#series.delete(oldest.value);
  }

  /** One request per series at a time; what was counted meanwhile goes into the next one. */
  #write(key: string, series: Series, event: EventRecord): void {
    if (series.writing) return;
    if (!this.#bucket.tryTake()) {
      this.#dropped++;
      return;
    }
    series.writing = true;
    void this.#send(key, series, event).then((written) => {
      series.writing = false;
      if (written && series.written < series.count) this.#write(key, series, event);
    });
  }

  /** Whether the API server took it. */
  async #send(key: string, series: Series, event: EventRecord): Promise<boolean> {
    const { count, namespace, name } = series;
    const observed = { count, lastObservedTime: microTime(series.lastWallMs) };
    const answer =
      series.written === 0
        ? await this.#client.create(eventType, this.#body(series, event))
        : await this.#client.patch(eventType, { namespace, name }, { series: observed });
    if (answer.ok) {
      series.written = count;
      return true;
    }
    // The API server forgets events after an hour: the next one begins anew.
    if (series.written === 0 || isNotFound(answer.error)) this.#series.delete(key);
    this.#dropped++;
    this.#logger.debug({ event: 'kube-event-dropped', error: answer.error.message });
    return false;
  }

  #body(series: Series, event: EventRecord): { metadata: { namespace: string; name: string } } & Record<string, unknown> {
    const { regarding, type, reason, action, note } = event;
    return {
      metadata: { namespace: series.namespace, name: series.name },
      eventTime: microTime(series.lastWallMs),
      reportingController: this.#controller,
      reportingInstance: this.#instance,
      action,
      reason,
      type,
      regarding,
      note: note.slice(0, limits.eventNote),
    };
  }
}
