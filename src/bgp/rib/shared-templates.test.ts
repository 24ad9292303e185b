import { describe, expect, it } from 'vitest';
import { parseIpAddress } from '#net/ip-address.ts';
import { unwrap } from '#runtime/result.ts';
import type { OutgoingRoute } from './attribute-buckets.ts';
import { SharedTemplates } from './shared-templates.ts';
import { routerContext } from './testing/router.ts';

const aRoute = (med: number): OutgoingRoute => ({
  family: 'IPv4',
  nextHop: unwrap(parseIpAddress('10.0.0.1')),
  attributes: { origin: 'IGP', asPath: [400_000], med },
});

describe('encoded attributes', () => {
  it('are shared by sessions that negotiated the same, and by no others', () => {
    const templates = new SharedTemplates();
    const route = aRoute(1);
    const first = templates.of(route, routerContext);
    expect(templates.of(route, { ...routerContext })).toBe(first);
    const toOldRouter = templates.of(route, { ...routerContext, fourOctetAsn: false });
    expect(toOldRouter.key).not.toBe(first.key);
    expect(templates.of(route, { ...routerContext, maxMessageLength: 65_535 })).not.toBe(first);
    expect(templates.of(aRoute(2), routerContext).key).not.toBe(first.key);
    expect(templates.of(aRoute(1), routerContext).key).toBe(first.key);
  });
});
