/** One aspect of an object's state, as every Kubernetes client shows it. */
export type Condition = {
  readonly type: string;
  readonly status: 'True' | 'False' | 'Unknown';
  /** CamelCase, stable: programs read it. */
  readonly reason: string;
  /** A sentence for people. */
  readonly message: string;
  /** The generation of the object that was looked at. */
  readonly observedGeneration?: number;
  /** Since when the status is what it is. */
  readonly lastTransitionTime: string;
};

/** A condition as it shall be; since when is found by comparing. */
export type WantedCondition = Omit<Condition, 'lastTransitionTime'>;

/**
 * The conditions `wanted`, in their order, each with the time since when its status holds. A type that is not wanted is left
 * out. Returns `current` itself where nothing is different, so that an unchanged status is not written.
 */
export function withConditions(current: readonly Condition[], wanted: readonly WantedCondition[], now: string): readonly Condition[] {
  const next = wanted.map((condition): Condition => {
    const before = current.find(({ type }) => type === condition.type);
    return { ...condition, lastTransitionTime: before?.status === condition.status ? before.lastTransitionTime : now };
  });
  return next.length === current.length && next.every((condition, index) => isSame(condition, current[index])) ? current : next;
}

function isSame(a: Condition, b: Condition | undefined): boolean {
  return (
    b !== undefined &&
    a.type === b.type &&
    a.status === b.status &&
    a.reason === b.reason &&
    a.message === b.message &&
    a.observedGeneration === b.observedGeneration
  );
}
