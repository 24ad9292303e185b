/**
 * status — what objects say about themselves: conditions, addresses, finalizers, written when they differ and not otherwise.
 *
 * What is written is computed from the state at the moment of writing, never queued: a key that changes often is written as
 * often as its interval allows, with what is true then. A replica that does not lead writes nothing.
 */
import { type ApiError, isConflict, isNotFound } from '#kube/api-error.ts';
import type { KubeClient } from '#kube/kube-client.ts';
import type { ObjectRef, RawObject, ResourceType } from '#kube/resource.ts';
import { TokenBucket } from '#kube/token-bucket.ts';
import { runWorkers, WorkQueue } from '#kube/work-queue.ts';
import type { Logger } from '#obs/logger.ts';
import type { Clock } from '#runtime/clock.ts';
import type { Result } from '#runtime/result.ts';
import { limits } from '../limits.ts';

/** One write: a merge patch, a new object, or a deletion; each only while the object is as it was seen. */
export type Write =
  | {
      readonly type: ResourceType;
      readonly ref: ObjectRef;
      readonly patch: Readonly<Record<string, unknown>>;
      readonly subresource?: 'status';
    }
  | { readonly type: ResourceType; readonly create: RawObject }
  | { readonly type: ResourceType; readonly ref: ObjectRef; readonly delete: { readonly resourceVersion: string } };

/** What is to be written about the objects of one kind. */
export type Subject = {
  /**
   * What the object of this key needs next; undefined when it says what is so. After the write the watch brings the object
   * again, and with it the question what it needs then.
   */
  next(key: string): Write | undefined;
  /** The status of a key is looked at, and written, at most once in this time, in milliseconds; other writes do not wait. */
  readonly intervalMs: number;
  /** Whether the next write of a key must not wait because its status was looked at a moment ago. Default: never. */
  isUrgent?(key: string): boolean;
  /** Whether its writes go before those of other kinds: routes wait for them. Default: no. */
  readonly goesFirst?: boolean;
  /** At most so many writes of statuses per second over all keys, in short bursts more. Default: no bound. */
  readonly perSecond?: number;
};

export type StatusWriterOptions = {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Whether this replica leads and has seen everything once. While not, what is touched is forgotten. */
  readonly mayWrite: () => boolean;
  /** By name of the kind. */
  readonly subjects: Readonly<Record<string, Subject>>;
};

/** Writes what subjects ask for: a few at a time, each key one at a time, again where it fails. */
export class StatusWriter {
  readonly #options: StatusWriterOptions;
  readonly #queue: WorkQueue;
  /** When statuses were looked at, oldest first; those that are over their interval are forgotten. */
  readonly #lastMs = new Map<string, number>();
  readonly #buckets: ReadonlyMap<Subject, TokenBucket>;
  /** Keys that wait for a token that is theirs, and from when it is there. */
  readonly #reserved = new Map<string, number>();
  #done: Promise<void> = Promise.resolve();

  constructor(options: StatusWriterOptions) {
    this.#options = options;
    this.#queue = new WorkQueue(options.clock);
    this.#buckets = new Map(
      Object.values(options.subjects).flatMap((subject): [Subject, TokenBucket][] => {
        const { perSecond } = subject;
        return perSecond === undefined ? [] : [[subject, new TokenBucket(options.clock, { perSecond, burst: perSecond })]];
      }),
    );
  }

  start(): void {
    this.#done = runWorkers(this.#queue, {
      workers: limits.statusWriters,
      work: (name) => this.#write(name),
      onFailure: (name, error) => {
        // An object that changed meanwhile is written about again with what it is now.
        if (error instanceof WriteFailure && isConflict(error.error)) return;
        this.#options.logger.warn({ event: 'status-write-failed', object: name, error });
      },
    });
  }

  /** Ends when the writes that are under way have. */
  async stop(): Promise<void> {
    this.#queue.shutDown();
    await this.#done;
  }

  /** Something about an object may have to be written: at once, unless it was looked at a moment ago. */
  touch(kind: string, key: string): void {
    const subject = this.#options.subjects[kind];
    if (subject === undefined) return;
    const name = `${kind} ${key}`;
    const lastMs = subject.isUrgent?.(key) === true ? undefined : this.#lastMs.get(name);
    const waitMs = lastMs === undefined ? 0 : lastMs + subject.intervalMs - this.#options.clock.nowMs();
    if (waitMs > 0) this.#queue.addAfter(name, waitMs);
    else this.#queue.add(name, subject.goesFirst === true ? 'fast' : 'normal');
  }

  /** Forgets when statuses were looked at: the next touch of each is answered at once. */
  forgetLooks(): void {
    this.#lastMs.clear();
  }

  async #write(name: string): Promise<void> {
    const space = name.indexOf(' ');
    const subject = this.#options.subjects[name.slice(0, space)];
    if (subject === undefined || !this.#options.mayWrite()) return;
    const write = subject.next(name.slice(space + 1));
    const isStatus = write !== undefined && 'subresource' in write;
    if (isStatus && !this.#hasToken(name, subject)) return;
    if (isStatus || write === undefined) this.#noteLook(name, subject);
    if (write === undefined) return;
    const result = await this.#send(write);
    // An object that is gone needs no more; that it went, the watch tells.
    if (!result.ok && !isNotFound(result.error)) throw new WriteFailure(result.error);
  }

  #noteLook(name: string, { intervalMs }: Subject): void {
    const nowMs = this.#options.clock.nowMs();
    this.#lastMs.delete(name);
    if (intervalMs > 0) this.#lastMs.set(name, nowMs);
    for (const [oldest, lastMs] of this.#lastMs) {
      if (nowMs - lastMs <= limits.speakerStatusIntervalMs) break;
      this.#lastMs.delete(oldest);
    }
  }

  /** Takes a token, or sees to it that the key comes again when one is there for it. */
  #hasToken(name: string, subject: Subject): boolean {
    const bucket = this.#buckets.get(subject);
    if (bucket === undefined) return true;
    const nowMs = this.#options.clock.nowMs();
    const atMs = this.#reserved.get(name) ?? nowMs + bucket.reserveMs();
    if (atMs <= nowMs) {
      this.#reserved.delete(name);
      return true;
    }
    this.#reserved.set(name, atMs);
    this.#queue.addAfter(name, atMs - nowMs);
    return false;
  }

  #send(write: Write): Promise<Result<unknown, ApiError>> {
    const { client } = this.#options;
    if ('create' in write) return client.create(write.type, write.create, oneTry);
    if ('delete' in write) return client.delete(write.type, write.ref, { ...write.delete, ...oneTry });
    const { type, ref, patch, subresource } = write;
    return client.patch(type, ref, patch, subresource === undefined ? oneTry : { subresource, ...oneTry });
  }
}

/** Whether this replica still leads is asked before each try: the queue repeats, not the client. */
const oneTry = { tries: 1 } as const;

class WriteFailure extends Error {
  readonly error: ApiError;

  constructor(error: ApiError) {
    super(error.message);
    this.error = error;
  }
}
