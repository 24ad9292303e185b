/** A fact that a decision rests on: which object or probe said what. A decision without evidence withdraws nothing (governor). */
export type Evidence = {
  /** Where the fact was seen: a Kubernetes kind, `Probe`, or `Person`. */
  readonly source: string;
  /** `namespace/name` or `name` of the object, or what was probed. */
  readonly object: string;
  /** resourceVersion of the object when it was read; absent for probes and persons. */
  readonly resourceVersion?: string;
  /** The fact itself, short: `ready=false on n1`, `deleted`. */
  readonly fact: string;
};

/**
 * What makes a route go, as governor.md's table names it. `bringUp` and `attributes` take nothing away.
 * `soft`: endpoints say they do not serve. `hard`: own probes of every local endpoint, or the last local pod deleted.
 * `removal`: tombstone of the service object. `narrowing`: any other accepted change that takes a route away.
 */
export type Cause = 'bringUp' | 'attributes' | 'soft' | 'hard' | 'removal' | 'narrowing' | 'drain' | 'leave' | 'isolate';
