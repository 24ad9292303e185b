import { apiVersionOf, type RawObject } from '#kube/resource.ts';
import type { Fault } from './faults.ts';
import type { LabKind } from './kinds.ts';
import { limits } from './limits.ts';
import { Refusal } from './refusal.ts';
import type { Selector } from './selector.ts';
import type { Storage } from './storage.ts';

type OpenList = { readonly items: readonly RawObject[]; readonly revision: number };

/** Lists, whole or in pages of one consistent state. */
export class Lists {
  readonly #storage: Storage;
  /** By token without offset; a Map keeps the order of insertion, so the first is the oldest. */
  readonly #open = new Map<string, OpenList>();
  #nextId = 1;

  constructor(storage: Storage) {
    this.#storage = storage;
  }

  list(
    kind: LabKind,
    request: {
      readonly namespace: string | undefined;
      readonly selects: Selector;
      readonly limit: number;
      readonly continueToken: string;
      readonly fault: Fault | undefined;
    },
  ): unknown {
    const [id = '', offsetText = '0'] = request.continueToken.split('.');
    const offset = Number(offsetText);
    const source = id === '' ? this.#fresh(kind, request) : this.#open.get(id);
    if (source === undefined)
      throw new Refusal(410, 'Expired', 'The provided continue parameter is too old to display a consistent list result.');
    const end = request.limit > 0 ? Math.min(source.items.length, offset + request.limit) : source.items.length;
    const remaining = source.items.length - end;
    const next = remaining > 0 ? `${id === '' ? this.#keep(source) : id}.${end}` : '';
    return {
      kind: `${kind.kind}List`,
      apiVersion: apiVersionOf(kind),
      metadata: {
        resourceVersion: String(source.revision),
        ...(remaining > 0 && { continue: next, remainingItemCount: remaining }),
      },
      items: source.items.slice(offset, end),
    };
  }

  /** Lets all continue tokens expire. */
  expire(): void {
    this.#open.clear();
  }

  #fresh(kind: LabKind, request: { namespace: string | undefined; selects: Selector; fault: Fault | undefined }): OpenList {
    const items = request.fault?.kind === 'emptyList' ? [] : this.#storage.list(kind, request.namespace).filter(request.selects);
    if (request.fault?.kind === 'halfList') items.length = Math.floor(items.length / 2);
    return { items, revision: this.#storage.revision };
  }

  #keep(list: OpenList): string {
    const id = String(this.#nextId++);
    this.#open.set(id, list);
    const oldest = this.#open.keys().next();
    if (this.#open.size > limits.openLists && oldest.done !== true) this.#open.delete(oldest.value);
    return id;
  }
}
