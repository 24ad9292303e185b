import { describe, expect, it } from 'vitest';
import { routes, World } from './testing/world.ts';

/** An UPDATE of IPv4 routes, from hexadecimal attributes and prefixes. */
function update(attributes: string, prefixes = '18c6336400'.slice(0, 8)): Uint8Array {
  const body = Buffer.from(`0000${(attributes.length / 2).toString(16).padStart(4, '0')}${attributes}${prefixes}`, 'hex');
  return Uint8Array.from([...new Uint8Array(16).fill(0xff), (19 + body.length) >> 8, (19 + body.length) & 0xff, 2, ...body]);
}

const asPath = '400206020100 00fbf5'.replace(' ', '');
const nextHop = '400304c00002fe';
const good = `400101 00${asPath}${nextHop}`.replace(' ', '');
const badOrigin = `40010109${asPath}${nextHop}`;
const badMed = `${good}800402 0001`.replace(' ', '');
const attributesBeyondTheMessage = Uint8Array.from([...new Uint8Array(16).fill(0xff), 0, 23, 2, 0, 0, 0xff, 0xff]);
/** MP_REACH_NLRI of IPv6 whose prefix is longer than an address. */
const badIpv6 = `${good}800e17 0002 01 10 20010db8000000000000000000000001 00 ff 20`.replaceAll(' ', '');

async function setUp() {
  const world = new World();
  const pair = await world.establishedPair();
  const { peer, router } = pair;
  const send = (bytes: Uint8Array): void => {
    router.sessions.at(-1)?.write(bytes);
    world.clock.advance(1);
  };
  const logged = () => world.log.lines.flatMap(([, fields]) => (fields['event'] === 'malformed-update' ? [fields] : []));
  return { world, peer, router, send, logged, count: () => peer.session().malformedUpdates };
}

describe('a router that sends malformed UPDATEs', () => {
  it('is counted for each, and quoted once for each kind, whole and with the routes', async () => {
    const { peer, send, logged, count } = await setUp();
    send(update(good));
    expect([count(), logged()]).toEqual([0, []]);
    for (let time = 0; time < 5; time++) send(update(badOrigin));
    send(update(badMed));
    expect(count()).toBe(6);
    expect(logged()).toMatchObject([
      {
        peer: 'router-254',
        faults: expect.arrayContaining([expect.stringMatching(/ORIGIN.*RFC 7606.*: withdraw/)]),
        withdrawn: ['198.51.100.0/24'],
        bytes: Buffer.from(update(badOrigin)).toString('hex'),
      },
      { faults: [expect.stringMatching(/MULTI_EXIT_DISC.*: withdraw/)] },
    ]);
    expect(peer.session().state).toBe('Established');
  });

  it('loses the session only where nothing weaker can be done, and that is quoted as well', async () => {
    const { world, peer, send, logged, count } = await setUp();
    for (let time = 0; time < 2; time++) {
      send(attributesBeyondTheMessage);
      expect(peer.session()).toMatchObject({ state: 'Idle', lastError: expect.stringContaining('UPDATE Message Error') });
      world.clock.advance(3_000);
    }
    expect(count()).toBe(2);
    expect(logged()).toMatchObject([{ faults: [expect.stringContaining(': reset')], bytes: `${'ff'.repeat(16)}0017020000ffff` }]);
  });

  it('loses one family where its routes can not be read, and hears ours of both', async () => {
    const { world, peer, router, send, logged, count } = await setUp();
    send(update(badIpv6));
    expect(logged()).toMatchObject([{ faults: [expect.stringContaining('disableFamily')] }]);
    // What follows of it is ignored, and that is said too.
    send(update(badIpv6));
    expect(logged()).toMatchObject([{}, { faults: [expect.stringContaining('not agreed on')] }]);
    expect(count()).toBe(2);
    peer.change([], routes('192.0.2.53/32', '2001:db8:53::53/128'));
    world.clock.advance(10);
    expect(peer.session().state).toBe('Established');
    expect([...router.routes.keys()]).toEqual(['192.0.2.53/32', '2001:db8:53::53/128']);
  });
});

describe('a router that does not carry all families', () => {
  it('is named with those, and carries the others', async () => {
    const world = new World();
    const { peer } = await world.establishedPair({ router: { families: ['IPv4'] } });
    expect(world.log.lines).toContainEqual([
      'warn',
      { peer: 'router-254', event: 'family-not-negotiated', family: 'IPv6' },
      'the router does not carry IPv6: its routes are not announced',
    ]);
    expect(peer.session().families).toEqual(['IPv4']);
  });
});
