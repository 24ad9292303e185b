import type { SessionTruth } from '#state/truth.ts';

/** Sessions that are up or on their way back, those of them that are on their way back, and which of these began first. */
export type Turns = { readonly of: number; readonly anew: number; readonly first?: { readonly node: string; readonly peer: string } };

type Session = { readonly node: string; readonly peer: string; readonly orderedMs: number };

/**
 * Whose turn it is to make a session anew: what sessions are made of may be wrong, and would then end all of them. Of a leader's
 * term, from what speakers said since it began.
 */
export class SessionTurns {
  /** Established sessions, by node and peer. */
  readonly #up = new Set<string>();
  /** Sessions that were up and were ordered to be made anew: until they are back. */
  readonly #anew = new Map<string, Session>();
  /** Nodes of which a change waits for its turn. */
  readonly #waiting = new Set<string>();
  #ended = false;

  /** Whether the node has an established session with the peer. */
  isUp(node: string, peer: string): boolean {
    return this.#up.has(keyOf(node, peer));
  }

  get now(): Turns {
    const [first] = this.#anew.values();
    return { of: this.#up.size + this.#anew.size, anew: this.#anew.size, ...(first && { first }) };
  }

  /** A speaker said how sessions stand. One that was established before it was to be made anew is not back. */
  hear(node: string, sessions: readonly SessionTruth[], nowMs: number): void {
    for (const { peer, state, ageMs } of sessions) {
      const key = keyOf(node, peer);
      const orderedMs = this.#anew.get(key)?.orderedMs ?? Number.NEGATIVE_INFINITY;
      if (state !== 'Established') this.#up.delete(key);
      else if (nowMs - ageMs >= orderedMs) {
        this.#end(key);
        this.#up.add(key);
      }
    }
  }

  /** A session was ordered to be made anew. One that is not up takes nothing away by that, and no turn. */
  order(node: string, peer: string, nowMs: number): void {
    const key = keyOf(node, peer);
    if (this.#up.delete(key)) this.#anew.set(key, { node, peer, orderedMs: nowMs });
  }

  /** A change of the node waits for its turn. */
  wait(node: string): void {
    this.#waiting.add(node);
  }

  /** Nodes that waited, where a turn ended since this was asked last. */
  take(): string[] {
    if (!this.#ended) return [];
    this.#ended = false;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    return waiting;
  }

  /** The session is no more. */
  forget(node: string, peer: string): void {
    this.#up.delete(keyOf(node, peer));
    this.#end(keyOf(node, peer));
  }

  #end(key: string): void {
    if (this.#anew.delete(key)) this.#ended = true;
  }
}

/** Neither names of nodes nor of peers have a space in them. */
const keyOf = (node: string, peer: string): string => `${node} ${peer}`;
