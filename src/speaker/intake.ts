import type { Logger } from '#obs/logger.ts';
import { decodeEntry, encodeEntry } from '#rpc/entry-codec.ts';
import type { OperatorLink } from '#rpc/speaker-link.ts';
import { assert } from '#runtime/assert.ts';
import { digestOf } from '#state/digest.ts';
import type { Entry } from '#state/entry.ts';
import type { Delta, Full, LeaveAnswer, OperatorMessage } from '#state/messages.ts';
import { accept } from './accept/accept.ts';
import { AppliedState, type StateChange } from './accept/applied-state.ts';
import type { KeptState } from './keep/kept-state.ts';
import type { SpeakerMetrics } from './metrics.ts';
import { Orders } from './orders.ts';

/** What an intake needs. */
export type IntakeOptions = {
  readonly logger: Logger;
  readonly messages: SpeakerMetrics['messages'];
  /** Runs a change. `complete`: the message named everything that shall be there. */
  readonly run: (removed: readonly Entry[], set: readonly Entry[], complete: boolean) => void;
  /** The applied state changed: it is to be kept. */
  readonly onChanged: () => void;
  /** Resolves when the epoch is on disk, or could not be written. */
  readonly saveEpoch: () => Promise<void>;
  /** An operator answered Leave. */
  readonly onLeaveAnswer: (action: LeaveAnswer['action']) => void;
};

/** What this node was told: takes the messages of operators, or what a file says, and answers them. */
export class Intake {
  readonly state = new AppliedState();
  readonly #options: IntakeOptions;
  readonly #orders: Orders;
  #closed = false;

  constructor(options: IntakeOptions) {
    this.#options = options;
    this.#orders = new Orders({ state: this.state, saveEpoch: options.saveEpoch, act: (message, link) => this.#act(message, link) });
  }

  /** A message of an operator. */
  receive(message: OperatorMessage, link: OperatorLink): void {
    this.#orders.receive(message, link);
  }

  /** What a file says takes the way of an operator's Full. */
  configure(entries: readonly Entry[]): void {
    const encoded = entries.map(encodeEntry);
    const { epoch, version } = this.state;
    const full: Full = { kind: 'full', epoch, version: version + 1, entries: encoded, keep: [], digest: digestOf(encoded) };
    const acceptance = accept(this.state, full, decodeEntry);
    assert(acceptance.kind === 'accepted', 'a Full that was made from the state itself fits it');
    this.#run(acceptance.change, true);
  }

  /** Takes up what was kept; answers the entries that run. */
  restore(kept: KeptState): readonly Entry[] {
    this.state.hear(kept.epoch);
    this.state.apply({ epoch: kept.epoch, version: kept.version, removed: [], set: kept.entries });
    return kept.entries.flatMap(({ running }) => running?.entry ?? []);
  }

  /** From now on state is not taken any more: this speaker leaves. */
  close(): void {
    this.#closed = true;
  }

  #act(message: OperatorMessage, link: OperatorLink): void {
    switch (message.kind) {
      case 'full':
      case 'delta':
        if (!this.#closed) this.#take(message, link);
        break;
      case 'revoke':
        // No probe here could use a permit, so that none is ever held and every one has ended.
        link.send({ kind: 'revokeAck', prefixes: message.prefixes });
        break;
      case 'leaveAnswer':
        this.#options.onLeaveAnswer(message.action);
        break;
      case 'permit':
      case 'askAnswer':
        break;
    }
  }

  #take(message: Full | Delta, link: OperatorLink): void {
    const { logger, messages } = this.#options;
    const acceptance = accept(this.state, message, decodeEntry);
    if (acceptance.kind === 'refused') {
      messages.inc({ result: 'refused' });
      logger.warn({ event: 'state-refused', operator: link.operator, epoch: message.epoch }, acceptance.reason);
      link.close(acceptance.reason);
      return;
    }
    const { change, answer } = acceptance;
    this.#run(change, message.kind === 'full');
    link.send(answer);
    messages.inc({ result: answer.kind === 'ack' ? 'applied' : 'nacked' });
    if (answer.kind === 'nack') logger.warn({ event: 'state-nacked', operator: link.operator, version: message.version }, answer.message);
    for (const { rejection } of change.set) if (rejection) logger.warn({ event: 'entry-rejected', key: rejection.key }, rejection.message);
  }

  #run(change: StateChange, complete: boolean): void {
    const removed = change.removed.flatMap((key) => this.state.get(key)?.running?.entry ?? []);
    const set = change.set.flatMap(({ running }) => running?.entry ?? []);
    this.state.apply(change);
    this.#options.run(removed, set, complete);
    const { epoch, version } = change;
    this.#options.logger.debug({ event: 'state-applied', epoch, version, removed: removed.length, set: set.length });
    this.#options.onChanged();
  }
}
