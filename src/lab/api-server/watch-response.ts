import type { ServerResponse } from 'node:http';
import { apiVersionOf } from '#kube/resource.ts';
import type { Clock, Timer } from '#runtime/clock.ts';
import type { Fault } from './faults.ts';
import type { LabKind } from './kinds.ts';
import { limits } from './limits.ts';
import { expired, Refusal } from './refusal.ts';
import type { Selector } from './selector.ts';
import type { Storage, StoredEvent } from './storage.ts';

/** What a watch was asked for. */
export type WatchRequest = {
  readonly kind: LabKind;
  /** Whether an object is of interest: namespace and selectors together. */
  readonly selects: Selector;
  /** Empty or `0`: begins with all objects as ADDED. */
  readonly resourceVersion: string;
  /** The server ends the watch after this time; undefined: never. */
  readonly timeoutSeconds: number | undefined;
  readonly bookmarks: boolean;
};

/** One open watch: writes events as they happen until somebody ends it. */
export class WatchResponse {
  readonly #response: ServerResponse;
  readonly #request: WatchRequest;
  readonly #storage: Storage;
  readonly #clock: Clock;
  readonly #fault: Fault | undefined;
  readonly #timers = new Set<Timer>();
  #stopListening: () => void = () => undefined;
  #bookmark: Timer | undefined;
  readonly #bookmarkMs: number;

  constructor(options: {
    readonly response: ServerResponse;
    readonly request: WatchRequest;
    readonly storage: Storage;
    readonly clock: Clock;
    readonly fault: Fault | undefined;
    readonly bookmarkMs: number;
  }) {
    this.#response = options.response;
    this.#request = options.request;
    this.#storage = options.storage;
    this.#clock = options.clock;
    this.#fault = options.fault;
    this.#bookmarkMs = options.bookmarkMs;
  }

  get plural(): string {
    return this.#request.kind.plural;
  }

  /** Accepts the watch, sends what happened since, and goes on. */
  start(): void {
    this.#response.writeHead(200, { 'content-type': 'application/json' });
    this.#response.flushHeaders();
    this.#response.once('close', () => this.#release());
    try {
      if (this.#fault?.kind === 'goneEvent') throw expired(this.#request.resourceVersion, this.#storage.revision);
      for (const event of this.#backlog()) this.#send(event);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      this.#write({ type: 'ERROR', object: error.toStatus() });
      this.end();
      return;
    }
    if (this.#fault?.kind === 'closedAtOnce') {
      this.end();
      return;
    }
    this.#stopListening = this.#storage.listen((event) => this.#send(event));
    const { timeoutSeconds } = this.#request;
    if (timeoutSeconds !== undefined) this.#later(timeoutSeconds * 1_000, () => this.end());
    this.#scheduleBookmark();
  }

  /** Ends in order, as after timeoutSeconds. */
  end(): void {
    this.#release();
    this.#response.end();
  }

  /** Ends as a lost connection does. */
  cut(): void {
    this.#release();
    this.#response.destroy();
  }

  #backlog(): StoredEvent[] {
    const { kind, resourceVersion } = this.#request;
    if (resourceVersion !== '' && resourceVersion !== '0') return this.#storage.since(kind, Number(resourceVersion));
    return this.#storage.list(kind).map((object) => ({ kind, revision: 0, type: 'ADDED', object, before: undefined }));
  }

  #send(event: StoredEvent): void {
    const { kind } = this.#request;
    if (event.kind.plural !== kind.plural || event.kind.group !== kind.group) return;
    const type = this.#typeFor(event);
    if (type !== undefined) this.#write({ type, object: event.object });
  }

  /** With a selector, an object that is no longer selected looks deleted, and one that is now selected looks added. */
  #typeFor(event: StoredEvent): StoredEvent['type'] | undefined {
    const { selects } = this.#request;
    const was = event.before !== undefined && selects(event.before);
    const is = event.type !== 'DELETED' && selects(event.object);
    if (is) return was ? 'MODIFIED' : 'ADDED';
    return was ? 'DELETED' : undefined;
  }

  #write(event: { readonly type: string; readonly object: unknown }): void {
    if (this.#fault?.kind === 'silent') return;
    const line = `${JSON.stringify(event)}\n`;
    if (this.#fault?.kind === 'slow') this.#later(this.#fault.delayMs, () => this.#response.write(line));
    else this.#response.write(line);
    if (this.#response.writableLength > limits.watchBacklogBytes) this.cut();
  }

  #scheduleBookmark(): void {
    if (!this.#request.bookmarks) return;
    this.#bookmark = this.#clock.after(this.#bookmarkMs, () => {
      const { kind } = this.#request;
      const metadata = { resourceVersion: String(this.#storage.revision), creationTimestamp: null };
      this.#write({ type: 'BOOKMARK', object: { kind: kind.kind, apiVersion: apiVersionOf(kind), metadata } });
      this.#scheduleBookmark();
    });
  }

  #later(delayMs: number, task: () => void): void {
    const timer = this.#clock.after(delayMs, () => {
      this.#timers.delete(timer);
      task();
    });
    this.#timers.add(timer);
  }

  #release(): void {
    this.#stopListening();
    this.#bookmark?.cancel();
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
  }
}
