import { assert } from '#runtime/assert.ts';
import type { Clock, Timer } from '#runtime/clock.ts';
import type { HealthPort } from './health-port.ts';
import { limits } from './limits.ts';
import { type DataPlaneVerdict, dataPlaneVerdict, type ProbeOutcome } from './verdict.ts';

/** Asks a health-check port of this node once. Never rejects, and ends within `limits.timeoutMs`. */
export type AskPort = (port: HealthPort) => Promise<ProbeOutcome>;

/** What a runner needs. */
export type HealthCheckRunnerOptions = {
  readonly clock: Clock;
  readonly ask: AskPort;
  /** Told of every verdict on a watched port. It may watch and unwatch ports. */
  readonly onVerdict: (port: HealthPort, verdict: DataPlaneVerdict) => void;
};

type Watched = { intervalMs: number; timer: Timer | undefined };

/**
 * Asks ports over and over while somebody waits for them: first at once, then less and less often. At most
 * `limits.concurrency` questions are under way; ports that have to wait for that are asked in the order they came.
 */
export class HealthCheckRunner {
  readonly #options: HealthCheckRunnerOptions;
  readonly #watched = new Map<HealthPort, Watched>();
  /** Ports whose turn has come; each at most once. */
  readonly #due = new Set<HealthPort>();
  /** Ports with a question under way. */
  readonly #asking = new Set<HealthPort>();

  constructor(options: HealthCheckRunnerOptions) {
    this.#options = options;
  }

  /** Starts to ask a port; nothing when it is asked already. */
  watch(port: HealthPort): void {
    if (this.#watched.has(port)) return;
    this.#watched.set(port, { intervalMs: limits.intervalFirstMs, timer: undefined });
    this.#due.add(port);
    this.#askDue();
  }

  /** Stops asking a port. A question that is under way brings no verdict any more. */
  unwatch(port: HealthPort): void {
    this.#watched.get(port)?.timer?.cancel();
    this.#watched.delete(port);
    this.#due.delete(port);
  }

  /** Stops asking all ports. */
  stop(): void {
    for (const port of this.#watched.keys()) this.unwatch(port);
  }

  #askDue(): void {
    for (const port of this.#due) {
      if (this.#asking.size >= limits.concurrency) return;
      // A port that was unwatched and watched again while its question is under way: one question at a time.
      if (this.#asking.has(port)) continue;
      this.#due.delete(port);
      void this.#askOne(port);
    }
  }

  async #askOne(port: HealthPort): Promise<void> {
    const watched = this.#watched.get(port);
    assert(watched !== undefined, 'only watched ports are due');
    this.#asking.add(port);
    const outcome = await this.#options.ask(port);
    this.#asking.delete(port);
    // Only whoever was watched when the question was asked gets the answer.
    if (this.#watched.get(port) === watched) {
      this.#askAgainLater(port, watched);
      this.#options.onVerdict(port, dataPlaneVerdict(outcome));
    }
    this.#askDue();
  }

  #askAgainLater(port: HealthPort, watched: Watched): void {
    watched.timer = this.#options.clock.after(watched.intervalMs, () => {
      this.#due.add(port);
      this.#askDue();
    });
    watched.intervalMs = Math.min(2 * watched.intervalMs, limits.intervalMaxMs);
  }
}
