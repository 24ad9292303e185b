import { type ExportedRoute, type ExportRefusal, exportRoute, type PolicySession, type RouteAttributes } from '#bgp/policy/export-route.ts';
import { SharedTemplates } from '#bgp/rib/shared-templates.ts';
import type { AddressFamily } from '#net/ip-address.ts';
import type { Result } from '#runtime/result.ts';
import { limits } from './limits.ts';

/** A session as policy sees it, with all of that as a key. */
export type PolicyOfSession = { readonly session: PolicySession; readonly key: string };

/** Policy as sessions are told apart by it: next hop, AS numbers, role and the rest. */
export const policyOf = (session: PolicySession): PolicyOfSession => ({ session, key: JSON.stringify(session) });

/**
 * What the peers of a process have in common so that it is worked out once: a set of attributes in the form that policy gives it for
 * sessions that are alike, and that form encoded. Attributes are known by their object, as an order to several peers shares it.
 */
export class SharedExports {
  readonly templates = new SharedTemplates();
  readonly #byAttributes = new WeakMap<RouteAttributes, Map<string, Result<ExportedRoute, ExportRefusal>>>();

  /** What policy says; the same object for sessions that are alike. */
  exportRoute(family: AddressFamily, attributes: RouteAttributes, policy: PolicyOfSession): Result<ExportedRoute, ExportRefusal> {
    const exports = this.#byAttributes.get(attributes) ?? new Map<string, Result<ExportedRoute, ExportRefusal>>();
    this.#byAttributes.set(attributes, exports);
    const key = `${family} ${policy.key}`;
    const exported = exports.get(key) ?? exportRoute(family, attributes, policy.session);
    exports.set(key, exported);
    const [oldest = key] = exports.keys();
    if (exports.size > limits.sharedPolicies) exports.delete(oldest);
    return exported;
  }
}
