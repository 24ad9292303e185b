import { describeError, type Logger } from '#obs/logger.ts';
import { Backoff } from '#runtime/backoff.ts';
import type { Clock } from '#runtime/clock.ts';
import type { Random } from '#runtime/random.ts';
import { type ApiError, errorOfEvent, isExpired } from './api-error.ts';
import { sleep } from './deadline.ts';
import { limits } from './limits.ts';
import type { Freshness, ObjectChange, ObjectSource } from './object-source.ts';
import { ObjectView, type Projection } from './object-view.ts';
import { isOlder, type KubeObject, type ResourceType, typeName } from './resource.ts';
import type { RestClient } from './rest-client.ts';
import { SilenceGuard } from './silence-guard.ts';
import type { Indexer, ReadonlyStore } from './store.ts';
import { WatchDecoder, type WatchEvent } from './watch-events.ts';

export type ReflectorOptions<T> = {
  readonly type: ResourceType;
  readonly client: Pick<RestClient, 'collect' | 'watch'>;
  /** Keeps what is used of an object; what it throws is logged, and the object keeps its last good form. */
  readonly project: Projection<T>;
  /** Only objects of this namespace. Default: of all. */
  readonly namespace?: string;
  /** Only objects with this value in a field that no object ever changes, e.g. `type=kubernetes.io/basic-auth`. Default: all. */
  readonly fieldSelector?: string;
  readonly indexers?: Readonly<Record<string, Indexer<T>>>;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
};

/** How a watch ended: what comes next follows from it. */
type WatchEnd = {
  /** The position is of no use any more. */
  readonly relist: boolean;
  /** What failed; undefined when the server ended the watch in order. */
  readonly error?: ApiError;
  /** The server accepted the watch, and ended it without having said anything. */
  readonly empty?: boolean;
};

/**
 * List, then watch, for ever. A watch that ends is opened again where it stopped; the list is read again when the server no
 * longer knows that position, when accepted watches keep ending without having brought anything, or when one stays silent. No
 * labels select: a DELETED event could then mean that a label changed, and would be no tombstone.
 */
export class Reflector<T extends KubeObject> implements ObjectSource<T> {
  readonly #type: ResourceType;
  /** Which objects of the kind. */
  readonly #selected: { readonly namespace?: string; readonly fieldSelector?: string };
  readonly #client: Pick<RestClient, 'collect' | 'watch'>;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #logger: Logger;
  readonly #view: ObjectView<T>;
  readonly #backoff: Backoff;
  readonly #stopping = new AbortController();
  /** Ends the open watch, not the reflector. */
  #watch: AbortController | undefined;
  #mustList = true;
  /** Watches in a row that were accepted and ended without having brought anything. */
  #emptyWatches = 0;
  #lossLogged = false;
  #running: Promise<void> | undefined;

  constructor(options: ReflectorOptions<T>) {
    this.#type = options.type;
    const { namespace, fieldSelector } = options;
    this.#selected = { ...(namespace !== undefined && { namespace }), ...(fieldSelector !== undefined && { fieldSelector }) };
    this.#client = options.client;
    this.#clock = options.clock;
    this.#random = options.random;
    this.#logger = options.logger.child({ kind: typeName(options.type) });
    this.#backoff = new Backoff({ firstMs: limits.reopenFirstMs, maxMs: limits.reopenMaxMs }, options.random);
    this.#view = new ObjectView({ project: options.project, logger: this.#logger, clock: options.clock, indexers: options.indexers ?? {} });
  }

  get store(): ReadonlyStore<T> {
    return this.#view.store;
  }

  get freshness(): Freshness {
    return this.#view.freshness;
  }

  start(onChange: (change: ObjectChange<T>) => void): void {
    this.#view.onChange = onChange;
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#view.onChange = undefined;
    this.#stopping.abort();
    this.#watch?.abort();
    await this.#running;
  }

  relist(): void {
    this.#mustList = true;
    this.#watch?.abort();
  }

  acceptRewind(): void {
    this.#view.acceptRewind();
  }

  async #run(): Promise<void> {
    // Nothing is reported within start().
    await Promise.resolve();
    while (!this.#stopping.signal.aborted) {
      const failed = this.#mustList ? await this.#list() : await this.#watchOnce();
      if (failed === undefined || this.#stopping.signal.aborted) continue;
      const askedMs = Math.min((failed.retryAfterSeconds ?? 0) * 1_000, limits.reopenRetryAfterMaxMs);
      await sleep(this.#clock, Math.max(this.#backoff.nextMs(), askedMs), this.#stopping.signal);
    }
  }

  /** Reads the list; what failed, if it did. */
  async #list(): Promise<ApiError | undefined> {
    this.#mustList = false;
    const list = await this.#client.collect(this.#type, { ...this.#selected, tries: 1, signal: this.#stopping.signal }, this.#view.read);
    if (!list.ok) {
      this.#mustList = true;
      this.#fail(list.error.status === 404 ? this.#notServed(list.error) : list.error);
      return list.error;
    }
    this.#emptyWatches = 0;
    this.#view.replace(list.value.items, list.value.resourceVersion);
    return undefined;
  }

  /** A list is never "not found": then it is the kind that the API server does not have. */
  #notServed(error: ApiError): ApiError {
    const { plural, version, howToDefine = 'ask whoever runs the API server' } = this.#type;
    return { ...error, message: `GET ${plural}: the API server does not know ${typeName(this.#type)} ${version}; ${howToDefine}` };
  }

  /** Opens a watch and follows it to its end; what is to be waited for before the next, if anything. */
  async #watchOnce(): Promise<ApiError | undefined> {
    const startMs = this.#clock.nowMs();
    const end = await this.#follow();
    this.#emptyWatches = end.empty === true ? this.#emptyWatches + 1 : 0;
    if (end.relist || this.#emptyWatches >= limits.emptyWatches) this.#mustList = true;
    const healthy = this.#clock.nowMs() - startMs >= limits.watchHealthyMs;
    if (healthy) this.#backoff.reset();
    // Every watch is closed in the end, and every history forgotten; what is closed soon is a failure.
    const routine = end.error?.reason === 'Expired' || (healthy && end.error?.reason === 'ClosedEarly');
    if (end.error !== undefined && !routine) this.#fail(end.error);
    return healthy ? undefined : end.error;
  }

  async #follow(): Promise<WatchEnd> {
    const watch = new AbortController();
    this.#watch = watch;
    const opened = await this.#client.watch(this.#type, {
      ...this.#selected,
      resourceVersion: this.#view.position,
      timeoutSeconds: this.#watchSeconds(),
      signal: watch.signal,
    });
    if (this.#ended(watch)) return { relist: false };
    if (!opened.ok) return { relist: isExpired(opened.error), error: opened.error };
    this.#view.failure = undefined;
    const silence = new SilenceGuard(this.#clock, () => watch.abort());
    const end = await this.#read(opened.value, silence).catch((error: unknown) => this.#end('Lost', describeError(error)));
    const endedByUs = this.#ended(watch);
    silence.stop();
    watch.abort();
    if (silence.broken) return { ...this.#end('Silent', 'neither event nor bookmark came for long'), relist: !silence.heardAnything };
    if (endedByUs) return { relist: false };
    return { ...(end ?? this.#end('ClosedEarly', 'the server closed the watch at once')), empty: !silence.heardAnything };
  }

  /** How long the next watch lasts; a short one, where what is known may be stale before an ordinary one has its first bookmark. */
  #watchSeconds(): number {
    const { lastContactMs = Number.NEGATIVE_INFINITY } = this.freshness;
    if (this.#clock.nowMs() - lastContactMs >= limits.bookmarkIntervalMs) return limits.watchCatchUpSeconds;
    return Math.round(limits.watchMinSeconds + this.#random() * (limits.watchMaxSeconds - limits.watchMinSeconds));
  }

  #ended(watch: AbortController): boolean {
    return watch.signal.aborted || this.#stopping.signal.aborted;
  }

  /** Handles events until there are no more; how the watch ended, where it was not the server that closed it. */
  async #read(chunks: AsyncIterable<Buffer>, silence: SilenceGuard): Promise<WatchEnd | undefined> {
    const decoder = new WatchDecoder();
    for await (const chunk of chunks) {
      for (const event of decoder.push(chunk)) {
        if (this.#stopping.signal.aborted) return { relist: false };
        // An event that can't be read would come again from the same position: only the list leads past it.
        if (!event.ok) return { ...this.#end('Unreadable', `an event is ${event.error}`), relist: true };
        silence.heard();
        const end = this.#handle(event.value);
        if (end !== undefined) return end;
        this.#recovered();
      }
    }
    return undefined;
  }

  /** Applies one event; how the watch ends, where the event says so. */
  #handle({ type, object }: WatchEvent): WatchEnd | undefined {
    if (type === 'ERROR') {
      const error = errorOfEvent(`WATCH ${this.#type.plural}`, object);
      return { relist: isExpired(error), error };
    }
    if (isOlder(object.metadata.resourceVersion ?? '', this.#view.position))
      return { ...this.#end('Rewound', 'an event is older than what was seen before'), relist: true };
    if (type === 'ADDED' || type === 'MODIFIED') this.#view.upsert(object);
    else if (type === 'DELETED') this.#view.remove(object);
    else if (type === 'BOOKMARK') this.#view.bookmark(object);
    return undefined;
  }

  #end(reason: string, why: string): WatchEnd {
    return { relist: false, error: { status: 0, reason, message: `WATCH ${this.#type.plural}: ${why}` } };
  }

  #recovered(): void {
    if (!this.#lossLogged) return;
    this.#lossLogged = false;
    this.#logger.info({ event: 'kube-watch-back' });
  }

  /** Says once that something is wrong, however often it is tried again. */
  #fail(error: ApiError): void {
    this.#view.failure = error.message;
    if (this.#lossLogged) return;
    this.#lossLogged = true;
    this.#logger.warn({ event: 'kube-watch-lost', reason: error.reason, error: error.message });
  }
}
