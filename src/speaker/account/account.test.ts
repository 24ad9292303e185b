import { describe, expect, it } from 'vitest';
import type { PeerRouteTruth } from '#bgp/peer/truth.ts';
import { VirtualClock } from '#runtime/virtual-clock.ts';
import { Gate } from '../gate/gate.ts';
import { limits } from '../limits.ts';
import { aRoute } from '../testing/builders.ts';
import { Account } from './account.ts';

const prefix = '192.0.2.53/32';
const has: PeerRouteTruth = { announced: true, reason: 'Announced' };
const waits: PeerRouteTruth = { announced: false, reason: 'WaitingForAck' };

function aBook() {
  const clock = new VirtualClock({ startMs: 1_000 });
  const gate = new Gate();
  /** How routes stand at the peers, by `<peer> <prefix>`. */
  const peers = new Map<string, PeerRouteTruth>();
  const account = new Account({
    clock,
    gated: (of) => gate.get(of),
    listedSinceMs: () => undefined,
    peers: () => ['tor-b', 'tor-a'],
    peerRoute: (peer, of) => peers.get(`${peer} ${of}`),
  });
  return { clock, gate, peers, account };
}

describe('how a route stands', () => {
  it('is said for each peer that the entry names, by name, whether the peer is there or not', () => {
    const { gate, peers, account } = aBook();
    gate.order(aRoute(prefix, ['tor-a', 'tor-b', 'unknown']), 0);
    peers.set(`tor-a ${prefix}`, has);
    peers.set(`tor-b ${prefix}`, waits);
    expect(account.truth(prefix).peers).toEqual([
      { peer: 'tor-a', ...has },
      { peer: 'tor-b', ...waits },
      { peer: 'unknown', announced: false, reason: 'SessionDown' },
    ]);
  });

  it('gives the reason of the gate while it holds the route back, also where a router still has it', () => {
    const { gate, peers, account } = aBook();
    gate.order(aRoute(prefix, ['tor-a']), 0);
    gate.isolate(true, 0);
    peers.set(`tor-a ${prefix}`, has);
    expect(account.truth(prefix).peers).toEqual([{ peer: 'tor-a', announced: true, reason: 'Isolated' }]);
  });

  it('names a peer that still has what it shall not have, and none that only once had it', () => {
    const { gate, peers, account } = aBook();
    gate.order(aRoute(prefix, ['tor-a']), 0);
    peers.set(`tor-b ${prefix}`, has);
    expect(account.truth(prefix).peers).toMatchObject([{ peer: 'tor-a' }, { peer: 'tor-b', announced: true, reason: 'WaitingForAck' }]);
    gate.remove(prefix);
    peers.set(`tor-b ${prefix}`, waits);
    expect(account.truth(prefix).peers).toEqual([]);
  });
});

describe('since when', () => {
  it('counts from the start, and anew whenever a router gets or loses the route', () => {
    const { clock, gate, peers, account } = aBook();
    gate.order(aRoute(prefix, ['tor-a', 'tor-b']), 0);
    clock.advance(500);
    expect(account.update(prefix)).toBe(false);
    expect(account.truth(prefix).ageMs).toBe(500);
    for (const peer of ['tor-a', 'tor-b']) {
      peers.set(`${peer} ${prefix}`, has);
      expect(account.update(prefix)).toBe(true);
      expect(account.update(prefix)).toBe(false);
      clock.advance(70);
      expect(account.truth(prefix).ageMs).toBe(70);
    }
    peers.clear();
    expect(account.update(prefix)).toBe(true);
    expect(account).toMatchObject({ announcedCount: 0 });
    clock.advance(30);
    expect(account.truth(prefix).ageMs).toBe(30);
    expect([...account.withdrawn()]).toEqual([prefix]);
    peers.set(`tor-a ${prefix}`, has);
    account.update(prefix);
    expect([...account.withdrawn()]).toEqual([]);
    expect([...account.announced()]).toEqual([prefix]);
  });
});

describe('what was withdrawn', () => {
  it('is remembered for its time, and no more of it than the bound', () => {
    const { clock, peers, account } = aBook();
    const change = (of: string): void => {
      peers.set(`tor-a ${of}`, has);
      account.update(of);
      peers.delete(`tor-a ${of}`);
      account.update(of);
    };
    for (let index = 0; index <= limits.rememberedWithdrawals; index++) change(`route ${index}`);
    const remembered = [...account.withdrawn()];
    expect(remembered).toHaveLength(limits.rememberedWithdrawals);
    expect(remembered[0]).toBe('route 1');
    clock.advance(limits.rememberWithdrawnMs);
    change(prefix);
    clock.advance(1);
    expect([...account.withdrawn()]).toEqual([prefix]);
  });
});
