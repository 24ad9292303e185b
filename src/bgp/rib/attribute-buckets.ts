import type { Reachable } from '#bgp/wire/messages.ts';
import type { EncodeContext } from '#bgp/wire/negotiated.ts';
import { roomForPrefixes, type UpdateTemplate } from '#bgp/wire/update-encode.ts';
import { assert } from '#runtime/assert.ts';
import { emptyQueue, type PrefixQueue } from './prefix-queues.ts';
import type { EncodedRoute, SharedTemplates } from './shared-templates.ts';

/** A route as it is announced: all of an UPDATE but its prefixes. */
export type OutgoingRoute = Omit<Reachable, 'prefixes'>;

/** Routes of one family with equal next hop and attributes: they go out together, many in one UPDATE. */
export type Bucket = {
  /** From 1; never used again for other attributes. */
  readonly id: number;
  readonly key: string;
  readonly template: UpdateTemplate;
  /** Octets of prefixes that fit into one UPDATE of it. */
  readonly room: number;
  /** Routes that are to be announced with it and were not. */
  readonly pending: PrefixQueue;
  /** Routes that want it, and routes that were last sent with it. */
  references: number;
};

/** Octets of the longest encoded prefix: every message must have room for one. */
const longestPrefix = 17;

/** The buckets of one peer: one for each set of attributes that is wanted or sent, found by what stands on the wire. */
export class AttributeBuckets {
  readonly #context: EncodeContext;
  readonly #templates: SharedTemplates;
  readonly #byId = new Map<number, Bucket>();
  readonly #byKey = new Map<string, Bucket>();
  #lastId = 0;
  /** Routes mostly come many at once and share one object: it is looked for once. */
  #last: { readonly route: OutgoingRoute; readonly bucket: Bucket } | undefined;

  /** `templates` may be shared with the buckets of other peers. */
  constructor(context: EncodeContext, templates: SharedTemplates) {
    this.#context = context;
    this.#templates = templates;
  }

  get size(): number {
    return this.#byId.size;
  }

  /** The bucket for the route's attributes, with one reference more. */
  acquire(route: OutgoingRoute): Bucket {
    if (this.#last?.route !== route) this.#last = { route, bucket: this.#find(route) };
    const { bucket } = this.#last;
    bucket.references += 1;
    return bucket;
  }

  /** A bucket to which there are references. */
  get(id: number): Bucket {
    const bucket = this.#byId.get(id);
    assert(bucket !== undefined, 'a bucket is used only while a reference to it is held');
    return bucket;
  }

  /** One reference less; without any the bucket is forgotten. */
  release(bucket: Bucket): void {
    bucket.references -= 1;
    if (bucket.references > 0) return;
    this.#byId.delete(bucket.id);
    this.#byKey.delete(bucket.key);
    if (this.#last?.bucket === bucket) this.#last = undefined;
  }

  #find(route: OutgoingRoute): Bucket {
    const encoded = this.#templates.of(route, this.#context);
    return this.#byKey.get(encoded.key) ?? this.#add(encoded);
  }

  #add({ key, template }: EncodedRoute): Bucket {
    const room = roomForPrefixes(template, this.#context);
    assert(room >= longestPrefix, 'policy leaves room for a prefix beside the attributes');
    this.#lastId += 1;
    const bucket: Bucket = { id: this.#lastId, key, template, room, pending: emptyQueue(), references: 0 };
    this.#byId.set(bucket.id, bucket);
    this.#byKey.set(key, bucket);
    return bucket;
  }
}
