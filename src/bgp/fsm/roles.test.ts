import { describe, expect, it } from 'vitest';
import { roles } from '#bgp/wire/iana.ts';
import type { Capability, Role } from '#bgp/wire/messages.ts';
import { unwrap } from '#runtime/result.ts';
import { negotiate } from './open.ts';
import { type FsmSettings, newSession } from './session.ts';
import { anOpen, aSettings } from './testing/builders.ts';

/** What is agreed with a router that says these roles: undefined where it is refused. */
function agree(said: readonly (Role | number)[], settings: Partial<FsmSettings>) {
  const capabilities: Capability[] = [{ kind: 'routeRefresh' }, ...said.map((role) => ({ kind: 'role', role }) as const)];
  return negotiate(anOpen({ asn: settings.peerAsn ?? 64501, capabilities }), aSettings(settings), newSession);
}

describe('roles', () => {
  const pairs = new Set([
    'Provider Customer',
    'Customer Provider',
    'RouteServer RouteServerClient',
    'RouteServerClient RouteServer',
    'Peer Peer',
  ]);

  it('fit as RFC 9234 says, and elsewhere are answered with Role Mismatch', () => {
    for (const ours of roles) {
      for (const theirs of roles) {
        const result = agree([theirs], { role: ours });
        expect(result.ok).toBe(pairs.has(`${ours} ${theirs}`));
        if (!result.ok) expect(result.error.notification).toMatchObject({ code: 2, subcode: 11 });
      }
    }
  });

  it('that the router does not say are missed in strict mode only', () => {
    expect(agree([], { role: 'Customer' }).ok).toBe(true);
    const refused = agree([], { role: 'Customer', roleStrict: true });
    expect(refused).toMatchObject({ ok: false, error: { message: expect.stringContaining('says no role') } });
  });

  it('may be said twice, but not differently, and not with a number that has no name', () => {
    expect(agree(['Provider', 'Provider'], { role: 'Customer' }).ok).toBe(true);
    expect(agree(['Provider', 'Peer'], { role: 'Customer' }).ok).toBe(false);
    expect(agree([9], { role: 'Customer' }).ok).toBe(false);
  });

  it('that only the router says, or that are configured within one AS, do not matter', () => {
    expect(agree(['Provider'], {}).ok).toBe(true);
    expect(agree(['Provider'], { role: 'Provider', peerAsn: 64500 }).ok).toBe(true);
  });

  it('tell the decoder how ONLY_TO_CUSTOMER is judged', () => {
    expect(unwrap(agree([], { role: 'Customer' })).context.relation).toEqual({ role: 'Customer', peerAsn: 64501 });
    expect(unwrap(agree([], {})).context.relation).toBeUndefined();
  });
});
