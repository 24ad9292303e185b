import { describe, expect, it } from 'vitest';
import { FakeLink } from '#linux/testing/fake-link.ts';
import { type LogFields, type Logger, silentLogger } from '#obs/logger.ts';
import { seededRandom } from '#runtime/random.ts';
import { err, ok } from '#runtime/result.ts';
import { VirtualClock } from '#runtime/virtual-clock.ts';
import type { PeerEntry } from '#state/entry.ts';
import { aPeer } from '../testing/builders.ts';
import { silentMs } from './choice.ts';
import { Neighbors } from './neighbors.ts';

const unnumbered = (name: string, device = 'eth0', more: Partial<PeerEntry> = {}): PeerEntry =>
  aPeer(name, { address: '', interface: device, ...more });

function aWorld() {
  const clock = new VirtualClock();
  const link = new FakeLink(clock);
  const found: string[] = [];
  const told: string[] = [];
  const sessions = new Set<string>();
  const logged: (LogFields & { readonly text: string | undefined })[] = [];
  const write = (fields: LogFields, text?: string): void => void logged.push({ ...fields, text });
  const logger: Logger = { ...silentLogger, info: write, warn: write };
  const neighbors = new Neighbors({
    open: link.open,
    random: seededRandom(1),
    clock,
    logger,
    hasSession: (peer) => sessions.has(peer),
    onFound: ({ name, address }) => found.push(`${name} ${address}`),
    onWhy: (peer) => told.push(peer),
  });
  const hear = (router: string): void => {
    link.say('advertisement', router);
    clock.advance(100);
  };
  return { clock, link, neighbors, found, told, sessions, logged, hear };
}

describe('a peer with an address', () => {
  it('is as it is, and nobody is looked for', () => {
    const { clock, neighbors } = aWorld();
    const linkLocal = aPeer('a', { address: 'fe80::1', interface: 'eth0' });
    expect([neighbors.setPeer(aPeer('b')), neighbors.setPeer(linkLocal)]).toEqual([aPeer('b'), linkLocal]);
    expect(clock.pendingTimers).toBe(0);
  });
});

describe('an unnumbered peer', () => {
  it('has no address before its router is heard, and says why', () => {
    const { neighbors, found, hear } = aWorld();
    expect(neighbors.setPeer(unnumbered('a'))).toEqual(unnumbered('a'));
    expect(neighbors.why(unnumbered('a'))).toBe('no router has been heard on eth0: it has to send router advertisements');
    hear('fe80::7');
    expect(found).toEqual(['a fe80::7']);
    expect(neighbors.setPeer(unnumbered('a', 'eth0', { port: 1_179 }))).toEqual(
      unnumbered('a', 'eth0', { address: 'fe80::7', port: 1_179 }),
    );
  });

  it('says that the capability is missing, and what changes about that', () => {
    const { clock, link, neighbors, told, logged } = aWorld();
    link.refuses = err('it needs the capability NET_RAW');
    neighbors.setPeer(unnumbered('a'));
    const why = 'routers on eth0 can not be heard: it needs the capability NET_RAW';
    expect(neighbors.why(unnumbered('a'))).toBe(why);
    expect(logged).toEqual([expect.objectContaining({ event: 'neighbor-unknown', peer: 'a', interface: 'eth0', text: why })]);
    link.refuses = ok(undefined);
    clock.advance(10_000);
    expect(neighbors.why(unnumbered('a'))).toMatch(/no router has been heard/);
    expect(told).toEqual(['a', 'a']);
  });

  it('moves to another router when its own is silent and without session', () => {
    const { clock, neighbors, found, sessions, hear } = aWorld();
    neighbors.setPeer(unnumbered('a'));
    hear('fe80::7');
    sessions.add('a');
    clock.advance(2 * silentMs);
    hear('fe80::8');
    expect(found).toEqual(['a fe80::7']);
    sessions.delete('a');
    hear('fe80::8');
    expect(found).toEqual(['a fe80::7', 'a fe80::8']);
  });

  it('warns once of each other router on its link', () => {
    const { neighbors, logged, hear } = aWorld();
    neighbors.setPeer(unnumbered('a'));
    for (const router of ['fe80::7', 'fe80::8', 'fe80::7', 'fe80::8']) hear(router);
    expect(logged.filter(({ event }) => event === 'neighbor-rivals')).toEqual([expect.objectContaining({ others: 'fe80::8' })]);
  });

  it('is the only one behind an interface: others are refused, until it is gone', () => {
    const { neighbors, found, told, hear } = aWorld();
    neighbors.setPeer(unnumbered('a'));
    expect(neighbors.setPeer(unnumbered('b'))).toEqual(unnumbered('b'));
    expect(neighbors.why(unnumbered('b'))).toMatch(/^eth0 is the interface of the unnumbered peer a: one router/);
    hear('fe80::7');
    expect(neighbors.setPeer(unnumbered('b')).address).toBe('');
    neighbors.removePeer('a');
    expect(found).toEqual(['a fe80::7', 'b fe80::7']);

    neighbors.setPeer(unnumbered('c', 'eth1'));
    neighbors.setPeer(unnumbered('d', 'eth1'));
    neighbors.setPeer(unnumbered('c', 'eth2'));
    expect(told).toEqual(['d']);
    expect(neighbors.why(unnumbered('d', 'eth1'))).toMatch(/no router has been heard/);
  });

  it('leaves nothing behind when it is removed, gets an address, or all ends', () => {
    const { clock, neighbors, hear, found } = aWorld();
    neighbors.setPeer(unnumbered('a'));
    neighbors.removePeer('a');
    expect(clock.pendingTimers).toBe(0);
    neighbors.setPeer(unnumbered('a'));
    neighbors.setPeer(aPeer('a'));
    expect(clock.pendingTimers).toBe(0);
    neighbors.setPeer(unnumbered('a'));
    neighbors.stop();
    expect(clock.pendingTimers).toBe(0);
    expect(neighbors.setPeer(unnumbered('b'))).toEqual(unnumbered('b'));
    hear('fe80::7');
    expect(found).toEqual([]);
  });
});
