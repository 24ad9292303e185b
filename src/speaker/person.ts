import type { Logger } from '#obs/logger.ts';
import type { SessionTruth } from '#state/truth.ts';
import type { AdminTarget, RouteView } from './admin.ts';
import type { Announcer } from './announcer.ts';
import type { Keeper } from './keep/keeper.ts';
import { limits } from './limits.ts';

/** What a person at this node sees and does: it holds at once, over restarts, and against every operator. */
export class Person implements AdminTarget {
  readonly #announcer: Announcer;
  readonly #keeper: Keeper;
  readonly #logger: Logger;

  constructor(announcer: Announcer, keeper: Keeper, logger: Logger) {
    this.#announcer = announcer;
    this.#keeper = keeper;
    this.#logger = logger;
  }

  routes(): RouteView[] {
    return Array.from(this.#announcer.prefixes(), (prefix) => {
      const gated = this.#announcer.gated(prefix);
      const wanted = gated?.judgement.wanted ?? false;
      return { service: gated?.entry.service ?? '', ordered: gated !== undefined, wanted, ...this.#announcer.route(prefix) };
    });
  }

  sessions(): SessionTruth[] {
    return this.#announcer.sessions();
  }

  async withdraw(prefixes: readonly string[], withdrawn: boolean): Promise<string | undefined> {
    const { gate } = this.#announcer;
    if (withdrawn && gate.withdrawn.size + prefixes.length > limits.withdrawnPrefixes) {
      return `nothing was done: at most ${limits.withdrawnPrefixes} prefixes can be withdrawn here; isolate withdraws all`;
    }
    // Routers first: a line with thousands of prefixes takes its time.
    this.#announcer.withdraw(prefixes, withdrawn);
    this.#logger.warn({ event: withdrawn ? 'withdrawn-locally' : 'announced-locally', prefixes });
    await this.#keeper.saveNow();
    if (this.#keeper.failure !== undefined) return `it holds now, but not over a restart: ${this.#keeper.failure}`;
    const unknown = prefixes.filter((prefix) => this.#announcer.gated(prefix) === undefined);
    return unknown.length === 0 ? undefined : `this node is not told to announce ${unknown.slice(0, 5).join(', ')}`;
  }

  async isolate(isolated: boolean): Promise<string | undefined> {
    this.#logger.warn({ event: isolated ? 'isolated' : 'unisolated' });
    this.#announcer.isolate(isolated);
    return this.#keeper.keepIsolated(isolated);
  }
}
