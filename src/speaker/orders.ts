import type { OperatorLink } from '#rpc/speaker-link.ts';
import type { OperatorMessage } from '#state/messages.ts';
import type { AppliedState } from './accept/applied-state.ts';
import { limits } from './limits.ts';

/** What orders need. */
export type OrdersOptions = {
  readonly state: AppliedState;
  /** Resolves when the epoch of the state is on disk, or could not be written. */
  readonly saveEpoch: () => Promise<void>;
  /** A message of the highest epoch. */
  readonly act: (message: OperatorMessage, link: OperatorLink) => void;
};

type Waiting = { readonly message: OperatorMessage; readonly link: OperatorLink };

/**
 * Messages of all operators, in the order in which they arrive. The highest epoch is obeyed: it is on disk before its first message
 * acts, so that a restart in between does not fall back to an older leader. Messages that arrive meanwhile wait, in bounds.
 */
export class Orders {
  readonly #options: OrdersOptions;
  readonly #waiting: Waiting[] = [];
  #saving = false;

  constructor(options: OrdersOptions) {
    this.#options = options;
  }

  receive(message: OperatorMessage, link: OperatorLink): void {
    if (!this.#saving) this.#handle({ message, link });
    else if (this.#waiting.length < limits.waitingMessages) this.#waiting.push({ message, link });
    else link.close(`${limits.waitingMessages} messages wait while a new epoch is written to disk`);
  }

  #handle(order: Waiting): void {
    const { state, act } = this.#options;
    if (order.message.epoch < state.epoch) {
      // Closed rather than ignored: its next Hello tells the operator of the higher epoch.
      order.link.close(`epoch ${order.message.epoch} is over: this speaker obeys epoch ${state.epoch}`);
    } else if (order.message.epoch > state.epoch) {
      state.hear(order.message.epoch);
      void this.#saveThenHandle(order);
    } else {
      act(order.message, order.link);
    }
  }

  async #saveThenHandle(order: Waiting): Promise<void> {
    this.#saving = true;
    await this.#options.saveEpoch();
    this.#saving = false;
    this.#handle(order);
    while (!this.#saving) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      this.#handle(next);
    }
  }
}
