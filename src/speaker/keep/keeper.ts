import type { Logger } from '#obs/logger.ts';
import type { Clock, Timer } from '#runtime/clock.ts';
import { limits } from '../limits.ts';
import type { Disk } from './disk.ts';
import { type KeptState, readKeptState, writeKeptState } from './kept-state.ts';

/** What a keeper needs. */
export type KeeperOptions = {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Names the files: `<node>.state`, `<node>.isolated`. */
  readonly node: string;
  /** What is to be kept now. */
  readonly snapshot: () => KeptState;
};

/** Keeps the state of a speaker on disk. */
export class Keeper {
  readonly #options: KeeperOptions;
  readonly #stateFile: string;
  readonly #isolatedFile: string;
  #timer: Timer | undefined;
  #dirty = false;
  #lastWriteMs = Number.NEGATIVE_INFINITY;
  #writing: Promise<void> = Promise.resolve();
  #failure: string | undefined;

  constructor(options: KeeperOptions) {
    this.#options = options;
    this.#stateFile = `${options.node}.state`;
    this.#isolatedFile = `${options.node}.isolated`;
  }

  /** Why the last write failed, a sentence; undefined when it did not. */
  get failure(): string | undefined {
    return this.#failure;
  }

  /** What was kept. What can't be read is set aside, and said. */
  async load(): Promise<KeptState | undefined> {
    const { disk, logger } = this.#options;
    try {
      const text = await disk.read(this.#stateFile);
      if (text === undefined) return undefined;
      const kept = readKeptState(text);
      if (kept.ok) return kept.value;
      const aside = `${this.#stateFile}.unreadable`;
      await disk.rename(this.#stateFile, aside);
      logger.error({ event: 'state-unreadable', file: this.#stateFile }, `${kept.error}; set aside as ${aside}, starting without it`);
    } catch (error) {
      logger.error({ event: 'state-unreadable', file: this.#stateFile, error }, 'starting without the kept state');
    }
    return undefined;
  }

  /** Whether a person isolated this speaker. A file of its own, so that it holds whatever becomes of the other; one that can't be read holds. */
  async isIsolated(): Promise<boolean> {
    try {
      return (await this.#options.disk.read(this.#isolatedFile)) !== undefined;
    } catch (error) {
      this.#options.logger.error({ event: 'state-unreadable', file: this.#isolatedFile, error }, 'isolated until a person says otherwise');
      return true;
    }
  }

  /** Keeps that a person isolated this speaker, or ended that. The answer says why it could not be kept; undefined when it is. */
  async keepIsolated(isolated: boolean): Promise<string | undefined> {
    const { disk, logger, clock } = this.#options;
    try {
      if (isolated) await disk.replace(this.#isolatedFile, `isolated at the admin socket, ${new Date(clock.wallMs()).toISOString()}\n`);
      else await disk.remove(this.#isolatedFile);
      return undefined;
    } catch (error) {
      logger.error({ event: 'state-not-written', file: this.#isolatedFile, error });
      return `it holds now, but not over a restart: ${(error as Error).message}`;
    }
  }

  /** Something changed: it is written soon, together with what else changes until then. */
  changed(): void {
    this.#dirty = true;
    if (this.#timer !== undefined) return;
    const dueMs = Math.max(0, this.#lastWriteMs + limits.saveEveryMs - this.#options.clock.nowMs());
    this.#writeAfter(dueMs);
  }

  /** Resolves when what is so now is on disk, or could not be written, which is said. */
  saveNow(): Promise<void> {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#dirty = true;
    this.#writing = this.#writing.then(() => this.#write());
    return this.#writing;
  }

  /** Writes what has changed and stops. */
  async stop(): Promise<void> {
    if (this.#dirty) await this.saveNow();
    this.#timer?.cancel();
    this.#timer = undefined;
    await this.#writing;
  }

  #writeAfter(delayMs: number): void {
    this.#timer = this.#options.clock.after(delayMs, () => void this.saveNow());
  }

  async #write(): Promise<void> {
    // A write that waited behind another finds its work done.
    if (!this.#dirty) return;
    const { disk, clock, logger, snapshot } = this.#options;
    this.#dirty = false;
    this.#lastWriteMs = clock.nowMs();
    try {
      await disk.replace(this.#stateFile, writeKeptState(snapshot()));
      if (this.#failure !== undefined) logger.info({ event: 'state-written', file: this.#stateFile }, 'writing works again');
      this.#failure = undefined;
    } catch (error) {
      this.#dirty = true;
      const reason = (error as Error).message;
      if (this.#failure !== reason)
        logger.error({ event: 'state-not-written', file: this.#stateFile, error }, 'going on without it, trying again');
      this.#failure = reason;
      if (this.#timer === undefined) this.#writeAfter(limits.saveRetryMs);
    }
  }
}
