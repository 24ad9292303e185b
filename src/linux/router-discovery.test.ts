import { describe, expect, it } from 'vitest';
import { seededRandom } from '#runtime/random.ts';
import { err, ok } from '#runtime/result.ts';
import { VirtualClock } from '#runtime/virtual-clock.ts';
import { limits } from './limits.ts';
import { RouterDiscovery } from './router-discovery.ts';
import { FakeLink } from './testing/fake-link.ts';

function aDiscovery() {
  const clock = new VirtualClock();
  const link = new FakeLink(clock);
  const routers: string[] = [];
  const problems: string[] = [];
  const discovery: RouterDiscovery = new RouterDiscovery({
    clock,
    random: seededRandom(1),
    open: link.open,
    device: 'eth0',
    onRouter: (address) => routers.push(address),
    onProblem: () => problems.push(discovery.problem),
  });
  return { clock, link, discovery, routers, problems };
}

/** Times between neighbours of a list. */
const gaps = (times: readonly number[]): number[] => times.slice(1).map((time, index) => time - (times[index] as number));

describe('router discovery', () => {
  it('advertises at once and then at random times between its bounds, and the router solicitations end with the third', () => {
    const { clock, link, discovery } = aDiscovery();
    discovery.start();
    clock.advance(3_600_000);
    const advertised = link.sent.filter(({ message }) => message === 'advertisement').map(({ ms }) => ms);
    expect(advertised[0]).toBe(0);
    for (const gap of gaps(advertised)) {
      expect(gap).toBeGreaterThanOrEqual(limits.advertisement.minMs);
      expect(gap).toBeLessThanOrEqual(limits.advertisement.maxMs);
    }
    expect(new Set(gaps(advertised)).size).toBeGreaterThan(100);
    expect(link.sent.filter(({ message }) => message === 'solicitation')).toHaveLength(3);
  });

  it('tells whoever is heard, again and again, and solicits no more', () => {
    const { clock, link, discovery, routers } = aDiscovery();
    discovery.start();
    link.say('advertisement', 'fe80::2');
    clock.advance(limits.lookMs);
    link.say('advertisement', 'fe80::3');
    link.say(undefined, 'fe80::4');
    clock.advance(60_000);
    expect(routers).toEqual(['fe80::2', 'fe80::3']);
    expect(link.sent.filter(({ message }) => message === 'solicitation')).toHaveLength(1);
  });

  it('answers solicitations soon, and a flood of them not more often than RFC 4861 bears', () => {
    const { clock, link, discovery } = aDiscovery();
    discovery.start();
    clock.advance(limits.betweenAdvertisementsMs);
    link.say('solicitation', 'fe80::2');
    clock.advance(limits.lookMs + limits.answerDelayMs);
    expect(link.sent.filter(({ message }) => message === 'advertisement')).toHaveLength(2);
    for (let count = 0; count < 600; count += 1) {
      for (let each = 0; each < 80; each += 1) link.say('solicitation', 'fe80::2');
      clock.advance(100);
    }
    const advertised = link.sent.filter(({ message }) => message === 'advertisement').map(({ ms }) => ms);
    for (const gap of gaps(advertised)) expect(gap).toBeGreaterThanOrEqual(limits.betweenAdvertisementsMs);
    expect(advertised.length).toBeGreaterThan(60_000 / (limits.betweenAdvertisementsMs + limits.answerDelayMs + limits.lookMs));
  });

  it('says why a link can not be opened, and tries again until it can', () => {
    const { clock, link, discovery, problems } = aDiscovery();
    link.refuses = err('it needs the capability NET_RAW');
    discovery.start();
    clock.advance(60_000);
    expect(problems).toEqual(['it needs the capability NET_RAW']);
    link.refuses = ok(undefined);
    clock.advance(limits.reopenLinkMs);
    expect(problems).toEqual(['it needs the capability NET_RAW', '']);
    expect(link.sent).not.toEqual([]);
  });

  it('opens a link anew whose interface went away', () => {
    const { clock, link, discovery, problems, routers } = aDiscovery();
    discovery.start();
    link.refuses = err('eth0 is down');
    clock.advance(limits.advertisement.maxMs);
    expect(problems).toEqual(['eth0 is down']);
    expect(link.isOpen).toBe(false);
    link.refuses = ok(undefined);
    clock.advance(limits.reopenLinkMs);
    link.say('advertisement', 'fe80::2');
    clock.advance(limits.lookMs);
    expect(routers).toEqual(['fe80::2']);
  });

  it('leaves no timer and no socket when it stops, also when it is stopped because of what it tells', () => {
    const { clock, link, discovery } = aDiscovery();
    discovery.start();
    discovery.stop();
    expect([clock.pendingTimers, link.isOpen]).toEqual([0, false]);
    const stopping: RouterDiscovery = new RouterDiscovery({
      clock,
      random: seededRandom(1),
      open: link.open,
      device: 'eth0',
      onRouter: () => stopping.stop(),
      onProblem: () => undefined,
    });
    stopping.start();
    link.say('advertisement', 'fe80::2');
    clock.advance(limits.lookMs);
    expect([clock.pendingTimers, link.isOpen]).toEqual([0, false]);
  });
});
