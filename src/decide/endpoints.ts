import type { AddressFamily } from '#net/ip-address.ts';
import type { Cause, Evidence } from '#state/evidence.ts';
import type { ReasonCode } from '#state/reasons.ts';
import { doubtsAboutNode, facts, staleness } from './facts.ts';
import type { Doubt, Wanted } from './intent.ts';
import { hasTombstone, type ObservedEndpoint, type ObservedSlice, type View } from './view.ts';

/** What an endpoint counts as. `leaving` never brings up a route that is down. */
export type EndpointClass = 'serving' | 'notServing' | 'leaving' | 'gone';

/**
 * The table of endpoint conditions. Absent `ready` means ready, absent `serving` means as it was before; both are what the
 * Kubernetes API says. Absent `terminating` means it stays.
 */
export function classify(endpoint: ObservedEndpoint): EndpointClass {
  if (endpoint.ready !== false) return 'serving';
  if (endpoint.terminating !== true) return 'notServing';
  return endpoint.serving !== false ? 'leaving' : 'gone';
}

/** What the endpoints say about a place. */
export type EndpointVerdict = {
  readonly wanted: Wanted;
  readonly cause: Cause;
  readonly reason: ReasonCode;
  readonly evidence: readonly Evidence[];
  readonly doubts: readonly Doubt[];
};

/** How many endpoints of each class, and which slices say so. */
type Tally = Record<EndpointClass, number> & { readonly slices: Set<ObservedSlice> };

const emptyTally = (): Tally => ({ serving: 0, notServing: 0, leaving: 0, gone: 0, slices: new Set() });

/** Endpoints that name no node: they count for Cluster only. */
const noNode = '';

/** The endpoints of one family of one Service, over all of its slices, counted once. */
export class EndpointTable {
  readonly #view: View;
  readonly #nowMs: number;
  readonly #byNode = new Map<string, Tally>();
  /** Slices that are there: without any, nothing is known. A deleted slice says nothing: its endpoints went to others, or all slices are being written anew. */
  readonly #slices: ObservedSlice[] = [];

  constructor(view: View, service: string, family: AddressFamily, nowMs: number) {
    this.#view = view;
    this.#nowMs = nowMs;
    for (const slice of view.slicesOf(service)) {
      if (slice.family === family && !hasTombstone(slice)) this.#count(slice);
    }
  }

  /** Nodes that endpoints name. */
  *nodes(): Iterable<string> {
    for (const node of this.#byNode.keys()) if (node !== noNode) yield node;
  }

  /** What a node's own endpoints say: policy Local. */
  local(node: string): EndpointVerdict {
    const tally = this.#byNode.get(node);
    const doubts = [...this.#sliceDoubts(tally), ...doubtsAboutNode(this.#view, node, this.#nowMs)];
    return this.#verdict(tally ?? emptyTally(), doubts, ` on ${node}`);
  }

  /**
   * What the endpoints of all nodes say: policy Cluster. One that surely serves is enough. Without, those that nothing sure is
   * known of keep everything as it is: three-valued, so that no memory of earlier verdicts is needed.
   */
  cluster(): EndpointVerdict {
    const sure = emptyTally();
    const all = emptyTally();
    const doubts: Doubt[] = [];
    for (const [node, tally] of this.#byNode) {
      add(all, tally);
      const found = [...this.#missingSlices(tally), ...(node === noNode ? [] : doubtsAboutNode(this.#view, node, this.#nowMs))];
      if (found.length === 0) add(sure, tally);
      else doubts.push(...found);
    }
    const stale = staleness(this.#view, 'EndpointSlice');
    return sure.serving > 0 ? this.#verdict(sure, stale, '') : this.#verdict(all, [...stale, ...doubts], '');
  }

  #count(slice: ObservedSlice): void {
    this.#slices.push(slice);
    for (const endpoint of slice.endpoints) {
      const node = endpoint.node ?? noNode;
      const tally = this.#byNode.get(node) ?? emptyTally();
      this.#byNode.set(node, tally);
      tally[classify(endpoint)]++;
      tally.slices.add(slice);
    }
  }

  #verdict(tally: Tally, doubts: readonly Doubt[], where: string): EndpointVerdict {
    const counted = tally.serving + tally.notServing + tally.leaving + tally.gone;
    const says = (fact: string): Evidence[] =>
      facts(counted === 0 ? this.#slices.filter(isPresent) : tally.slices, () => `${fact}${where}`);
    if (tally.serving > 0) {
      return { wanted: 'yes', cause: 'bringUp', reason: 'Serving', evidence: says(`${tally.serving} ready`), doubts };
    }
    if (tally.leaving > 0) {
      return { wanted: 'ifAnnounced', cause: 'attributes', reason: 'Leaving', evidence: says(`only ${tally.leaving} terminating`), doubts };
    }
    if (counted === 0) return { wanted: 'no', cause: 'soft', reason: 'NoEndpoint', evidence: says('no endpoint'), doubts };
    // Pods that are deleted and serve no more are a tombstone; one that only is not ready may come back.
    const cause = tally.notServing === 0 ? 'hard' : 'soft';
    return { wanted: 'no', cause, reason: 'NoReadyEndpoint', evidence: says(`ready=false (${counted} of ${counted})`), doubts };
  }

  #sliceDoubts(tally: Tally | undefined): Doubt[] {
    return [...(tally === undefined ? [] : this.#missingSlices(tally)), ...staleness(this.#view, 'EndpointSlice')];
  }

  /** Slices that are gone without a tombstone: where their endpoints are now is not known. */
  #missingSlices(tally: Tally): Doubt[] {
    const missing = [...tally.slices].filter((slice) => !isPresent(slice));
    return missing.map((slice) => ({ reason: 'InputMissing', kind: slice.kind, object: slice.key }));
  }
}

const isPresent = (slice: ObservedSlice): boolean => slice.presence === 'present';

function add(sum: Tally, tally: Tally): void {
  for (const key of ['serving', 'notServing', 'leaving', 'gone'] as const) sum[key] += tally[key];
  for (const slice of tally.slices) sum.slices.add(slice);
}
