import { LeaderElection, type LeaderElectionOptions } from '#kube/lease.ts';
import type { Leadership } from './operator.ts';

/** Leadership by a Lease: what the operator asks for, made of what the kube room has. */
export class LeaseLeadership implements Leadership {
  readonly #election: LeaderElection;
  #handlers: Parameters<Leadership['start']>[0] | undefined;

  constructor(options: Omit<LeaderElectionOptions, 'onChange'>) {
    const onChange: LeaderElectionOptions['onChange'] = (leadership) => {
      if (leadership === undefined) this.#handlers?.onLost();
      else this.#handlers?.onAcquired();
    };
    this.#election = new LeaderElection({ ...options, onChange });
  }

  get epoch(): number | undefined {
    return this.#election.leadership?.epoch;
  }

  start(handlers: Parameters<Leadership['start']>[0]): void {
    this.#handlers = handlers;
    this.#election.start();
  }

  stop(): Promise<void> {
    return this.#election.stop();
  }

  raiseAbove(epoch: number): void {
    // Success and failure are both told as a change of leadership.
    void this.#election.raiseAbove(epoch);
  }
}
