import type { ExportedRoute, ExportRefusal, RouteAttributes } from '#bgp/policy/export-route.ts';
import type { AddressFamily } from '#net/ip-address.ts';
import { assert } from '#runtime/assert.ts';
import type { Result } from '#runtime/result.ts';

/** What routes with equal attributes have in common. */
export type RouteKind = {
  readonly attributes: RouteAttributes;
  /** Whether a list names them; else each was named by its text. */
  readonly listed: boolean;
  /** What policy says of them in the session that is up, by family, once it was asked. */
  exports: { [Family in AddressFamily]?: Result<ExportedRoute, ExportRefusal> };
};

type Counted = RouteKind & { readonly key: string; routes: number };

/** The kinds of routes of one peer, by number from 1: policy is asked once for each, and not for each route. */
export class RouteKinds {
  readonly #kinds: (Counted | undefined)[] = [undefined];
  readonly #free: number[] = [];
  readonly #ids = new Map<string, number>();
  /** Routes mostly come many at once and share one object. */
  #last: { readonly attributes: RouteAttributes; readonly listed: boolean; readonly id: number } | undefined;

  /** The kind for these attributes, with one route more. */
  acquire(attributes: RouteAttributes, listed: boolean): number {
    if (this.#last?.attributes !== attributes || this.#last.listed !== listed) {
      this.#last = { attributes, listed, id: this.#find(attributes, listed) };
    }
    const { id } = this.#last;
    this.#get(id).routes += 1;
    return id;
  }

  /** A kind that has routes. */
  get(id: number): RouteKind {
    return this.#get(id);
  }

  /** One route less; without any the kind is forgotten. */
  release(id: number): void {
    const kind = this.#get(id);
    kind.routes -= 1;
    if (kind.routes > 0) return;
    this.#kinds[id] = undefined;
    this.#ids.delete(kind.key);
    this.#free.push(id);
    if (this.#last?.id === id) this.#last = undefined;
  }

  /** What policy said is not so any more. */
  forgetExports(): void {
    for (const kind of this.#kinds) if (kind !== undefined) kind.exports = {};
  }

  #get(id: number): Counted {
    const kind = this.#kinds[id];
    assert(kind !== undefined, 'a kind is used only while it has routes');
    return kind;
  }

  #find(attributes: RouteAttributes, listed: boolean): number {
    const key = JSON.stringify([listed, attributes]);
    const known = this.#ids.get(key);
    if (known !== undefined) return known;
    const id = this.#free.pop() ?? this.#kinds.length;
    this.#kinds[id] = { key, attributes, listed, exports: {}, routes: 0 };
    this.#ids.set(key, id);
    return id;
  }
}
