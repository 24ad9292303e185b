import type { DecodeError } from '#bgp/wire/errors.ts';
import { openError } from '#bgp/wire/errors.ts';
import { errorSubcode } from '#bgp/wire/iana.ts';
import type { OpenMessage } from '#bgp/wire/messages.ts';
import { err, ok, type Result } from '#runtime/result.ts';
import { agreedContext, hostNameOf, offered, offers } from './capabilities.ts';
import { judgeRoles } from './roles.ts';
import type { FsmSettings, Negotiated, Session } from './session.ts';

/** Our OPEN, with all that the settings let us offer, or with nothing to a router that takes no optional parameters. */
export function makeOpen(settings: FsmSettings, { plainOpen }: Pick<Session, 'plainOpen'>): OpenMessage {
  return {
    kind: 'open',
    asn: settings.localAsn,
    holdTimeS: Math.ceil(settings.holdTimeMs / 1_000),
    routerId: settings.routerId,
    capabilities: plainOpen ? [] : offers(settings),
  };
}

/**
 * What both OPENs decide together, or what we answer to an OPEN that we can't accept (RFC 4271 §6.2). Version, hold time and a
 * BGP Identifier of zero were refused when it was decoded; here it is compared with what is configured.
 */
export function negotiate(open: OpenMessage, settings: FsmSettings, session: Pick<Session, 'plainOpen'>): Result<Negotiated, DecodeError> {
  const refused = judgeIdentity(open, settings) ?? judgeRoles(open, settings);
  if (refused !== undefined) return err(refused);
  const context = agreedContext(open, makeOpen(settings, session), settings);
  if (!context.ok) return context;
  const restart = offered(open, 'gracefulRestart');
  const gracefulRestart = session.plainOpen ? undefined : settings.gracefulRestart;
  const hostName = hostNameOf(open);
  return ok({
    peerAsn: open.asn,
    peerRouterId: open.routerId,
    holdTimeMs: Math.min(settings.holdTimeMs, open.holdTimeS * 1_000),
    context: context.value,
    enhancedRefresh: !session.plainOpen && offered(open, 'enhancedRouteRefresh') !== undefined,
    ...(gracefulRestart && restart && { gracefulRestart: { notification: gracefulRestart.notification && restart.notification } }),
    ...(hostName !== '' && { hostName }),
  });
}

/** RFC 4271 §6.2, RFC 6286 §2.2, RFC 7607: whether the router is who it should be. */
function judgeIdentity(open: OpenMessage, { localAsn, peerAsn, routerId }: FsmSettings): DecodeError | undefined {
  if (open.asn === 0) return openError(errorSubcode.badPeerAs, 'the router says AS 0, which is reserved (RFC 7607)');
  if (peerAsn !== undefined && open.asn !== peerAsn) {
    return openError(errorSubcode.badPeerAs, `the router says AS ${open.asn}, configured is AS ${peerAsn}`);
  }
  if (open.asn !== localAsn || open.routerId !== routerId) return undefined;
  return openError(errorSubcode.badBgpIdentifier, 'the router has our own BGP Identifier, which must be unique in an AS (RFC 6286)');
}
