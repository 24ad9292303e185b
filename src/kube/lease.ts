import type { Logger } from '#obs/logger.ts';
import type { Clock, Timer } from '#runtime/clock.ts';
import type { Random } from '#runtime/random.ts';
import { err, ok, type Result } from '#runtime/result.ts';
import { type ApiError, isConflict, isNotFound } from './api-error.ts';
import type { KubeClient } from './kube-client.ts';
import { leaseType, newLease, readLease, releasedLease, renewedLease, takenLease } from './lease-record.ts';
import { limits } from './limits.ts';
import type { ObjectRef, RawObject } from './resource.ts';

/** The right to lead, until it is lost. */
export type Leadership = {
  /** Higher than that of every leader before: whoever obeys refuses lower ones. */
  readonly epoch: number;
};

export type LeaderElectionOptions = {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly lease: ObjectRef;
  /** Unique per process, and not used again by the next one. */
  readonly identity: string;
  /** Name of the annotation on the Lease that carries the epoch. */
  readonly epochAnnotation: string;
  /** Called when leadership is won, raised to a higher epoch, or lost. */
  readonly onChange: (leadership: Leadership | undefined) => void;
};

/**
 * Leader election on a Lease. Time is monotonic, and whether another's lease has expired is judged by when it was last seen to
 * change, never by what it says. Losing is certain: without renewal for 10 s the leader steps down, 5 s before anybody else may
 * begin; a process that was stopped meanwhile finds {@link leadership} gone before any timer runs. The epoch goes up at every
 * acquisition, with a resourceVersion precondition, and never below what was ever seen, whatever happens to the Lease.
 */
export class LeaderElection {
  readonly #options: LeaderElectionOptions;
  readonly #clock: Clock;
  #highestEpoch = 0;
  #leadership: Leadership | undefined;
  /** When the request began that renewed last. */
  #renewedMs = 0;
  #observation: string | undefined;
  #observedMs = 0;
  #deadline: Timer | undefined;
  #next: Timer | undefined;
  #stopped = false;
  /** Why the Lease could not be read or written last; empty after it could. */
  #failure = '';
  /** Requests about the Lease one after another: a renewal and a raise must not meet. */
  #queue: Promise<unknown> = Promise.resolve();

  constructor(options: LeaderElectionOptions) {
    this.#options = options;
    this.#clock = options.clock;
  }

  /** Begins to campaign. */
  start(): void {
    this.#schedule(0);
  }

  /** The right to lead now; undefined as soon as it may have been lost. To be asked before every act of a leader. */
  get leadership(): Leadership | undefined {
    return this.#clock.nowMs() - this.#renewedMs < limits.leaseRenewDeadlineMs ? this.#leadership : undefined;
  }

  /**
   * Somebody heard a higher epoch than ours: raises ours above it, or steps down where that fails, so that another leader,
   * or this one anew, gets above it.
   */
  raiseAbove(epoch: number): Promise<Result<Leadership, string>> {
    this.#highestEpoch = Math.max(this.#highestEpoch, epoch);
    return this.#exclusively(async () => {
      const leading = this.leadership;
      if (leading === undefined) return err('not the leader');
      if (leading.epoch > epoch) return ok(leading);
      const startMs = this.#clock.nowMs();
      const lease = await this.#read();
      if (lease === undefined || !this.#isOurs(lease, leading)) return this.#resign('the lease is no longer ours');
      const raised = await this.#take(lease, startMs);
      return raised === undefined ? this.#resign('the epoch could not be raised') : ok(raised);
    });
  }

  /** Stops to lead, then gives the Lease back, so that another need not wait until it expires. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#next?.cancel();
    this.#stepDown('shutdown');
    await this.#exclusively(async () => {
      const lease = await this.#read(limits.leaseReleaseMs);
      if (lease === undefined || readLease(lease, this.#options.epochAnnotation).holder !== this.#options.identity) return;
      await this.#options.client.put(leaseType, releasedLease(lease, this.#clock.wallMs()), { timeoutMs: limits.leaseReleaseMs, tries: 1 });
    });
  }

  #schedule(delayMs: number): void {
    if (this.#stopped) return;
    this.#next = this.#clock.after(delayMs, () => {
      void this.#exclusively(() => this.#turn()).then((nextMs) => this.#schedule(nextMs));
    });
  }

  /** Renews or campaigns once; when to do so again, in milliseconds. */
  async #turn(): Promise<number> {
    if (this.#stopped) return 0;
    if (this.#leadership !== undefined && this.leadership === undefined) this.#stepDown(this.#notRenewed());
    const startMs = this.#clock.nowMs();
    const leading = this.#leadership;
    if (leading === undefined) await this.#campaign(startMs);
    else await this.#renew(leading, startMs);
    if (this.#leadership !== undefined) return limits.leaseRenewMs;
    // Whoever waits looks often enough to take over soon, and not in step with the others.
    return limits.leaseLookMs * (0.8 + 0.2 * this.#options.random());
  }

  async #campaign(startMs: number): Promise<void> {
    const { client, lease: ref, epochAnnotation } = this.#options;
    const read = await client.get(leaseType, ref, this.#limit());
    if (!read.ok && !isNotFound(read.error)) return this.#note(read.error);
    this.#failure = '';
    const lease = read.ok ? read.value : newLease(ref);
    const { holder, epoch, observation } = readLease(lease, epochAnnotation);
    this.#highestEpoch = Math.max(this.#highestEpoch, epoch);
    if (observation !== this.#observation) {
      this.#observation = observation;
      this.#observedMs = this.#clock.nowMs();
    }
    const expired = this.#clock.nowMs() - this.#observedMs >= limits.leaseDurationMs;
    // Held by us and yet not leading: the answer to our write was lost.
    if (holder === '' || holder === this.#options.identity || expired) await this.#take(lease, startMs);
  }

  async #renew(leading: Leadership, startMs: number): Promise<void> {
    const { client, lease: ref } = this.#options;
    const read = await client.get(leaseType, ref, this.#limit());
    // No answer decides nothing; the deadline does.
    if (!read.ok && !isNotFound(read.error)) return this.#note(read.error);
    if (!read.ok || !this.#isOurs(read.value, leading)) return this.#stepDown('the lease is no longer ours');
    const written = await client.put(leaseType, renewedLease(read.value, this.#clock.wallMs()), this.#limit());
    if (!written.ok) this.#note(written.error);
    else if (this.leadership === leading) this.#renewed(startMs);
  }

  /** Writes the Lease as ours with the next epoch; the leadership, if that succeeded. */
  async #take(lease: RawObject, startMs: number): Promise<Leadership | undefined> {
    const { client, identity, epochAnnotation, logger } = this.#options;
    const epoch = this.#highestEpoch + 1;
    const taken = takenLease(lease, { holder: identity, epoch, epochAnnotation, wallMs: this.#clock.wallMs() });
    const isNew = lease.metadata.resourceVersion === undefined;
    const written = await (isNew ? client.create(leaseType, taken, this.#limit()) : client.put(leaseType, taken, this.#limit()));
    // Even a write whose answer was lost may have used this epoch.
    this.#highestEpoch = epoch;
    if (!written.ok) this.#note(written.error);
    const inTime = this.#clock.nowMs() - startMs < limits.leaseRenewDeadlineMs;
    if (!written.ok || !inTime || this.#stopped) return undefined;
    this.#leadership = { epoch };
    this.#renewed(startMs);
    logger.info({ event: 'leading', epoch });
    this.#options.onChange(this.#leadership);
    return this.#leadership;
  }

  #renewed(startMs: number): void {
    this.#failure = '';
    this.#renewedMs = startMs;
    this.#deadline?.cancel();
    const leftMs = startMs + limits.leaseRenewDeadlineMs - this.#clock.nowMs();
    this.#deadline = this.#clock.after(Math.max(0, leftMs), () => this.#stepDown(this.#notRenewed()));
  }

  #notRenewed(): string {
    return this.#failure === '' ? 'not renewed in time' : `not renewed in time: ${this.#failure}`;
  }

  /** Says why the Lease can't be read or written, once: it is tried every few seconds. That another was faster is no failure. */
  #note(error: ApiError): void {
    if (isConflict(error) || error.message === this.#failure) return;
    this.#failure = error.message;
    this.#options.logger.warn({ event: 'lease-failed', error: error.message }, 'tried again until it succeeds');
  }

  #isOurs(lease: RawObject, leading: Leadership): boolean {
    const { holder, epoch } = readLease(lease, this.#options.epochAnnotation);
    this.#highestEpoch = Math.max(this.#highestEpoch, epoch);
    return holder === this.#options.identity && epoch === leading.epoch;
  }

  #resign(why: string): Result<never, string> {
    this.#stepDown(why);
    return err(why);
  }

  #stepDown(why: string): void {
    if (this.#leadership === undefined) return;
    const { epoch } = this.#leadership;
    this.#leadership = undefined;
    this.#deadline?.cancel();
    this.#options.logger.warn({ event: 'leadership-lost', epoch, reason: why });
    this.#options.onChange(undefined);
  }

  async #read(timeoutMs?: number): Promise<RawObject | undefined> {
    const read = await this.#options.client.get(
      leaseType,
      this.#options.lease,
      timeoutMs === undefined ? this.#limit() : { timeoutMs, tries: 1 },
    );
    return read.ok ? read.value : undefined;
  }

  /** No request lasts longer than half of the time in which a renewal must succeed. */
  #limit(): { timeoutMs: number; tries: number } {
    return { timeoutMs: limits.leaseRenewDeadlineMs / 2, tries: 1 };
  }

  #exclusively<R>(task: () => Promise<R>): Promise<R> {
    const result = this.#queue.then(task);
    this.#queue = result.catch(() => undefined);
    return result;
  }
}
