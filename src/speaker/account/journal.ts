import type { Logger } from '#obs/logger.ts';
import type { Clock } from '#runtime/clock.ts';
import { toMicroseconds } from '#runtime/to-microseconds.ts';
import type { RouteEntry } from '#state/entry.ts';
import type { ReasonCode } from '#state/reasons.ts';
import type { SpeakerMetrics } from '../metrics.ts';

/** What a journal needs. */
export type JournalOptions = {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly durations: SpeakerMetrics['withdraw'];
  /** Wall-clock time at the clock's zero, milliseconds with fractions. */
  readonly originMs: number;
};

type Withdrawal = { readonly service: string; readonly reason: string; readonly orderedAtMs: number; writtenAtMs: number | undefined };

/**
 * One line for each named route that routers got or lost. What is lost by our own hand is timed, from the order to the last router's
 * acknowledgement; what goes with its session is the session's line.
 */
export class Journal {
  readonly #options: JournalOptions;
  /** Under way; at most one for each prefix that a router has. */
  readonly #withdrawals = new Map<string, Withdrawal>();

  constructor(options: JournalOptions) {
    this.#options = options;
  }

  /** The first router has the route. */
  announced(entry: RouteEntry): void {
    const { service, prefix, reason } = entry;
    this.#options.logger.info({ event: 'announce', service, prefix, reason, at: this.#wall(this.#options.clock.nowMs()) });
  }

  /** Routers got listed routes, or are told to lose them: one line for many. */
  listed(event: 'announce' | 'withdraw', routes: number, reason: ReasonCode): void {
    if (routes > 0) this.#options.logger.info({ event, routes, reason, at: this.#wall(this.#options.clock.nowMs()) });
  }

  /** Whether withdrawals are under way. */
  get withdraws(): boolean {
    return this.#withdrawals.size > 0;
  }

  /** A route that a router has shall go. */
  withdrawalOrdered(prefix: string, service: string, reason: string): void {
    if (this.#withdrawals.has(prefix)) return;
    this.#withdrawals.set(prefix, { service, reason, orderedAtMs: this.#options.clock.nowMs(), writtenAtMs: undefined });
  }

  /** The route shall stay after all. */
  withdrawalCancelled(prefix: string): void {
    this.#withdrawals.delete(prefix);
  }

  /** Withdrawals were handed to the kernel; the first router counts. */
  withdrawalsWritten(prefixes: readonly string[]): void {
    const nowMs = this.#options.clock.nowMs();
    for (const prefix of prefixes) {
      const withdrawal = this.#withdrawals.get(prefix);
      if (withdrawal === undefined || withdrawal.writtenAtMs !== undefined) continue;
      withdrawal.writtenAtMs = nowMs;
      this.#options.durations.observe({ stage: 'written' }, (nowMs - withdrawal.orderedAtMs) / 1_000);
    }
  }

  /** No router has the route any more. */
  withdrawn(prefix: string): void {
    const withdrawal = this.#withdrawals.get(prefix);
    if (withdrawal === undefined) return;
    this.#withdrawals.delete(prefix);
    const { service, reason, orderedAtMs, writtenAtMs } = withdrawal;
    const nowMs = this.#options.clock.nowMs();
    this.#options.durations.observe({ stage: 'acknowledged' }, (nowMs - orderedAtMs) / 1_000);
    this.#options.logger.info({
      event: 'withdraw',
      service,
      prefix,
      reason,
      latencyMs: toMicroseconds(nowMs - orderedAtMs),
      orderedAt: this.#wall(orderedAtMs),
      ...(writtenAtMs !== undefined && { writtenAt: this.#wall(writtenAtMs) }),
      acknowledgedAt: this.#wall(nowMs),
    });
  }

  /** Milliseconds since 1970 with fractions, which can be compared with those of other processes on this machine. */
  #wall(monotonicMs: number): number {
    return toMicroseconds(this.#options.originMs + monotonicMs);
  }
}
