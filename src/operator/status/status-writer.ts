/**
 * status — what objects say about themselves: conditions, addresses, finalizers, written when they differ and not otherwise.
 *
 * What is written is computed from the state at the moment of writing, never queued: a key that changes often is written as
 * often as its interval allows, with what is true then. A replica that does not lead writes nothing.
 */
import { type ApiError, isConflict, isNotFound } from '#kube/api-error.ts';
import type { KubeClient } from '#kube/kube-client.ts';
import type { ObjectRef, RawObject, ResourceType } from '#kube/resource.ts';
import { runWorkers, WorkQueue } from '#kube/work-queue.ts';
import type { Logger } from '#obs/logger.ts';
import type { Clock } from '#runtime/clock.ts';
import { limits } from '../limits.ts';

/** One write: a merge patch, or a new object. With `metadata.resourceVersion` in it, only while the object is as it was seen. */
export type Write =
  | {
      readonly type: ResourceType;
      readonly ref: ObjectRef;
      readonly patch: Readonly<Record<string, unknown>>;
      readonly subresource?: 'status';
    }
  | { readonly type: ResourceType; readonly create: RawObject };

/** What is to be written about the objects of one kind. */
export type Subject = {
  /** What the object of this key needs now; none when it says what is so. */
  writes(key: string): readonly Write[];
  /** At most one round of writes per key in this time, in milliseconds. */
  readonly intervalMs: number;
};

export type StatusWriterOptions = {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly isLeading: () => boolean;
  /** By name of the kind. */
  readonly subjects: Readonly<Record<string, Subject>>;
};

/** Writes what subjects ask for: a few at a time, each key one at a time, again where it fails. */
export class StatusWriter {
  readonly #options: StatusWriterOptions;
  readonly #queue: WorkQueue;
  readonly #lastMs = new Map<string, number>();
  #done: Promise<void> = Promise.resolve();

  constructor(options: StatusWriterOptions) {
    this.#options = options;
    this.#queue = new WorkQueue(options.clock);
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

  /** Something about an object may have to be written: at once, unless it was written a moment ago. */
  touch(kind: string, key: string): void {
    const subject = this.#options.subjects[kind];
    if (subject === undefined) return;
    const name = `${kind} ${key}`;
    const lastMs = this.#lastMs.get(name);
    this.#queue.addAfter(name, lastMs === undefined ? 0 : lastMs + subject.intervalMs - this.#options.clock.nowMs());
  }

  async #write(name: string): Promise<void> {
    const space = name.indexOf(' ');
    const subject = this.#options.subjects[name.slice(0, space)];
    if (subject === undefined || !this.#options.isLeading()) return;
    const writes = subject.writes(name.slice(space + 1));
    if (writes.length === 0) {
      // What was never written, or is in step, needs no memory of when.
      if (this.#options.clock.nowMs() - (this.#lastMs.get(name) ?? 0) > subject.intervalMs) this.#lastMs.delete(name);
      return;
    }
    this.#lastMs.set(name, this.#options.clock.nowMs());
    for (const write of writes) {
      const result = 'create' in write ? await this.#create(write) : await this.#patch(write);
      // An object that is gone needs no more; that it went, the watch tells.
      if (!result.ok && isNotFound(result.error)) return;
      if (!result.ok) throw new WriteFailure(result.error);
    }
  }

  #create({ type, create }: Extract<Write, { create: RawObject }>) {
    return this.#options.client.create(type, create);
  }

  #patch({ type, ref, patch, subresource }: Extract<Write, { patch: unknown }>) {
    return this.#options.client.patch(type, ref, patch, subresource === undefined ? {} : { subresource });
  }
}

class WriteFailure extends Error {
  readonly error: ApiError;

  constructor(error: ApiError) {
    super(error.message);
    this.error = error;
  }
}
