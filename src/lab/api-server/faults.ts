/** What goes wrong. Status codes are answers without a look at the request; the others change what is answered. */
export type Fault =
  /** Any request: refused, e.g. 403, 404, 410, 429, 500. */
  | { readonly kind: 'status'; readonly code: number; readonly retryAfterSeconds?: number }
  /** Any request: the connection is closed without an answer. */
  | { readonly kind: 'disconnect' }
  /** Any request: no answer at all until the client gives up. */
  | { readonly kind: 'hang' }
  /** Lists: complete, but without objects. */
  | { readonly kind: 'emptyList' }
  /** Lists: complete by their own account, but only the first half of the objects. */
  | { readonly kind: 'halfList' }
  /** Lists: the body ends in the middle. */
  | { readonly kind: 'cutBody' }
  /** Watches: accepted, then an ERROR event with status 410. */
  | { readonly kind: 'goneEvent' }
  /** Watches: accepted and closed at once. */
  | { readonly kind: 'closedAtOnce' }
  /** Watches: accepted, then nothing, not even bookmarks. */
  | { readonly kind: 'silent' }
  /** Watches: each event comes late, in order. */
  | { readonly kind: 'slow'; readonly delayMs: number };

export type FaultRule = {
  readonly on: 'list' | 'watch' | 'read' | 'write' | 'any';
  /** Plural of the kind that it is limited to. Default: all. */
  readonly plural?: string;
  readonly fault: Fault;
  /** Ends after so many requests. Default: never. */
  readonly times?: number;
};

/** What a request is, as rules see it. `read`: of one object. */
export type RequestClass = { readonly on: 'list' | 'watch' | 'read' | 'write'; readonly plural: string };

/** Faults, switched on and off at run time. */
export class Faults {
  readonly #rules = new Map<FaultRule, { left: number }>();

  /** Switches a fault on; returns how to switch it off. The rule added first wins. */
  add(rule: FaultRule): () => void {
    this.#rules.set(rule, { left: rule.times ?? Number.POSITIVE_INFINITY });
    return () => this.#rules.delete(rule);
  }

  clear(): void {
    this.#rules.clear();
  }

  /** The fault that a request meets, if any; counts it. */
  meet(request: RequestClass): Fault | undefined {
    for (const [rule, count] of this.#rules) {
      if (rule.on !== 'any' && rule.on !== request.on) continue;
      if (rule.plural !== undefined && rule.plural !== request.plural) continue;
      count.left--;
      if (count.left <= 0) this.#rules.delete(rule);
      return rule.fault;
    }
    return undefined;
  }
}
