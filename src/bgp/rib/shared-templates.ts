import type { EncodeContext } from '#bgp/wire/negotiated.ts';
import { announcing, type UpdateTemplate } from '#bgp/wire/update-encode.ts';
import type { OutgoingRoute } from './attribute-buckets.ts';

/** A set of attributes as it stands on the wire, and the same octets as a key. */
export type EncodedRoute = { readonly template: UpdateTemplate; readonly key: string };

/**
 * Attributes encoded once for each route and what was negotiated, for all sessions that are told that route. A route is known by its
 * object; with the last reference to it its encodings are forgotten.
 */
export class SharedTemplates {
  readonly #byRoute = new WeakMap<OutgoingRoute, Map<string, EncodedRoute>>();

  /** The route as sessions with this context carry it. */
  of(route: OutgoingRoute, context: EncodeContext): EncodedRoute {
    const encodings = this.#byRoute.get(route) ?? new Map<string, EncodedRoute>();
    this.#byRoute.set(route, encodings);
    const negotiated = `${context.fourOctetAsn} ${context.maxMessageLength}`;
    const known = encodings.get(negotiated);
    if (known !== undefined) return known;
    const template = announcing(route, context);
    const key = [template.family, latin1(template.mpHead), latin1(template.attributes)].join(' ');
    const encoded = { template, key };
    encodings.set(negotiated, encoded);
    return encoded;
  }
}

/** Octets as the characters of a key. */
const latin1 = (octets: Uint8Array): string => String.fromCharCode(...octets);
