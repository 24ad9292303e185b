import { type DecodeError, openError } from '#bgp/wire/errors.ts';
import { errorSubcode } from '#bgp/wire/iana.ts';
import type { OpenMessage, Role } from '#bgp/wire/messages.ts';
import type { FsmSettings } from './session.ts';

/** What the router has to be where we are this (RFC 9234 §4.2). */
const counterparts: Readonly<Record<Role, Role>> = {
  Provider: 'Customer',
  Customer: 'Provider',
  RouteServer: 'RouteServerClient',
  RouteServerClient: 'RouteServer',
  Peer: 'Peer',
};

/** Our role on this session; roles exist on eBGP only. */
export const roleOf = ({ role, localAsn, peerAsn }: FsmSettings): Role | undefined => (peerAsn === localAsn ? undefined : role);

/** RFC 9234 §4.2: Role Mismatch where both sides say who they are and it does not fit, and in strict mode where the router says nothing. */
export function judgeRoles({ capabilities }: OpenMessage, settings: FsmSettings): DecodeError | undefined {
  const ours = roleOf(settings);
  if (ours === undefined) return undefined;
  const theirs = new Set(capabilities.flatMap((capability) => (capability.kind === 'role' ? [capability.role] : [])));
  const wanted = counterparts[ours];
  if (theirs.size === 0 && settings.roleStrict !== true) return undefined;
  if (theirs.size === 1 && theirs.has(wanted)) return undefined;
  const said = theirs.size === 0 ? 'no role' : `role ${[...theirs].join(' and ')}`;
  return openError(errorSubcode.roleMismatch, `the router says ${said}; we are ${ours}, so it has to be ${wanted} (RFC 9234)`);
}
