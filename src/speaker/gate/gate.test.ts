import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { HealthPort } from '#probe/health-port.ts';
import type { DataPlaneGate, RouteEntry } from '#state/entry.ts';
import { Gate } from './gate.ts';

const prefix = '192.0.2.53/32';
const port = 30_053;
const serving = { answered: true, forwards: true };
const notServing = { answered: true, forwards: false };
const silent = { answered: false, forwards: false };

const aRoute = (gate: Partial<DataPlaneGate> = {}, more: Partial<RouteEntry> = {}): RouteEntry => ({
  kind: 'route',
  prefix,
  service: 'dns/edge',
  reason: 'Serving',
  gate: { mode: 'Auto', announceDelayMs: 1_000, ...gate },
  exports: [],
  ...more,
});

const say = (gate: Gate, of = prefix): string => {
  const judgement = gate.get(of)?.judgement;
  return judgement?.wanted ? 'announced' : (judgement?.reason ?? 'unknown');
};

describe('a route that waits for time', () => {
  it.each<[string, Partial<DataPlaneGate>]>([
    ['mode Delay, whatever ports there are', { mode: 'Delay', healthCheckNodePort: port }],
    ['mode Auto without a port', { mode: 'Auto' }],
    ['mode Auto while no port has answered on this node', { mode: 'Auto', healthCheckNodePort: port }],
    ['mode HealthCheckNodePort of a service that has no such port', { mode: 'HealthCheckNodePort' }],
  ])('goes up when the delay is over: %s', (_name, mode) => {
    const gate = new Gate();
    gate.order(aRoute(mode), 5_000);
    expect(say(gate)).toBe('WaitingForDataPlane');
    expect(gate.wakeAtMs).toBe(6_000);
    expect(gate.wake(5_999)).toEqual([]);
    expect(gate.wake(6_000)).toEqual([prefix]);
    expect(say(gate)).toBe('announced');
    expect(gate.wakeAtMs).toBeUndefined();
  });

  it('goes up at once when the delay is 0', () => {
    const gate = new Gate();
    gate.order(aRoute({ mode: 'Delay', announceDelayMs: 0 }), 5_000);
    expect(say(gate)).toBe('announced');
  });

  it('does not wait anew when its attributes or its delay change meanwhile', () => {
    const gate = new Gate();
    gate.order(aRoute(), 0);
    gate.order(aRoute({ announceDelayMs: 2_000 }), 900);
    expect(gate.wakeAtMs).toBe(2_000);
    gate.order(aRoute({ announceDelayMs: 500 }), 950);
    expect(say(gate)).toBe('announced');
  });

  it('wakes for the earliest of several', () => {
    const gate = new Gate();
    gate.order(aRoute({ announceDelayMs: 3_000 }), 0);
    gate.order(aRoute({ announceDelayMs: 1_000 }, { prefix: '192.0.2.54/32' }), 0);
    gate.order(aRoute({ announceDelayMs: 2_000 }, { prefix: '192.0.2.55/32' }), 0);
    expect(gate.wakeAtMs).toBe(1_000);
  });
});

describe('a route that waits for its health-check port', () => {
  const mode = { mode: 'HealthCheckNodePort', healthCheckNodePort: port } as const;

  it('goes up when the port says local endpoints, and is not asked any more', () => {
    const gate = new Gate();
    gate.order(aRoute(mode), 0);
    expect([...gate.ports]).toEqual(['IPv4 30053']);
    expect(gate.size).toBe(1);
    expect(gate.wakeAtMs).toBeUndefined();
    expect(gate.verdict('IPv4 30053', silent, 10)).toEqual([]);
    expect(gate.verdict('IPv4 30053', notServing, 5_000)).toEqual([]);
    expect(say(gate)).toBe('WaitingForDataPlane');
    expect(gate.verdict('IPv4 30053', serving, 6_000)).toEqual([prefix]);
    expect(say(gate)).toBe('announced');
    expect(gate.ports.size).toBe(0);
    expect(gate.verdict('IPv4 30053', serving, 7_000)).toEqual([]);
  });

  it('goes up together with the other routes of the service and family: kube-proxy programs one family after the other', () => {
    const gate = new Gate();
    const [other, ipv6] = ['192.0.2.54/32', '2001:db8::53/128'];
    for (const each of [prefix, other, ipv6]) gate.order(aRoute(mode, { prefix: each }), 0);
    expect([...gate.ports]).toEqual(['IPv4 30053', 'IPv6 30053']);
    expect(gate.verdict('IPv4 30053', serving, 10)).toEqual([prefix, other]);
    expect(gate.verdict('IPv6 30053', serving, 20)).toEqual([ipv6]);
  });

  it('is never withdrawn by the port', () => {
    const gate = new Gate();
    gate.order(aRoute(mode), 0);
    gate.verdict('IPv4 30053', serving, 10);
    expect(gate.verdict('IPv4 30053', notServing, 20)).toEqual([]);
    expect(say(gate)).toBe('announced');
  });

  it('is asked at the new port when the port changes', () => {
    const gate = new Gate();
    gate.order(aRoute(mode), 0);
    gate.order(aRoute({ ...mode, healthCheckNodePort: 30_054 }), 10);
    expect([...gate.ports]).toEqual(['IPv4 30054']);
    gate.remove(prefix);
    expect(gate.ports.size).toBe(0);
  });
});

describe('mode Auto', () => {
  const mode = { mode: 'Auto', healthCheckNodePort: port } as const;

  it('relies on the port from the moment that one answered on this node', () => {
    const gate = new Gate();
    gate.order(aRoute(mode), 0);
    expect(gate.wakeAtMs).toBe(1_000);
    expect(gate.verdict('IPv4 30053', notServing, 500)).toEqual([]);
    expect([...gate.portsAnswer]).toEqual(['IPv4']);
    expect(gate.wakeAtMs).toBeUndefined();
    expect(gate.wake(60_000)).toEqual([]);
    expect(gate.verdict('IPv4 30053', serving, 60_001)).toEqual([prefix]);
  });

  it('relies on it in the family in which it answered, and on time in the other', () => {
    const gate = new Gate();
    for (const each of [prefix, '2001:db8::53/128']) gate.order(aRoute(mode, { prefix: each }), 0);
    gate.verdict('IPv4 30053', notServing, 500);
    expect(gate.wake(1_000)).toEqual(['2001:db8::53/128']);
  });

  it('names with a verdict also what time has brought up meanwhile', () => {
    const gate = new Gate();
    gate.order(aRoute({ mode: 'Delay' }), 0);
    gate.order(aRoute(mode, { prefix: '192.0.2.54/32' }), 0);
    expect(gate.verdict('IPv4 30053', notServing, 1_500)).toEqual([prefix]);
    expect(say(gate, '192.0.2.54/32')).toBe('WaitingForDataPlane');
  });

  it('goes up before the delay is over when the port says so', () => {
    const gate = new Gate();
    gate.order(aRoute(mode), 0);
    expect(gate.verdict('IPv4 30053', serving, 40)).toEqual([prefix]);
  });
});

describe('a route that is announced', () => {
  it('stays so when attributes or gate change', () => {
    const gate = new Gate();
    gate.order(aRoute({ mode: 'Delay', announceDelayMs: 0 }), 0);
    gate.order(aRoute({ mode: 'HealthCheckNodePort', healthCheckNodePort: port }), 10);
    expect(say(gate)).toBe('announced');
    expect(gate.ports.size).toBe(0);
  });

  it('waits again after it was removed', () => {
    const gate = new Gate();
    gate.order(aRoute({ mode: 'Delay', announceDelayMs: 0 }), 0);
    gate.remove(prefix);
    expect(gate.get(prefix)).toBeUndefined();
    gate.order(aRoute(), 10);
    expect(say(gate)).toBe('WaitingForDataPlane');
  });
});

describe('what the disk says', () => {
  it('lets a route go up at once whose data plane was proved in this boot', () => {
    const gate = new Gate();
    gate.restoreRoute(aRoute(), true, 0);
    expect(say(gate)).toBe('announced');
    expect([...gate.passed()]).toEqual([prefix]);
  });

  it('proves nothing after a reboot: time alone does not bring the route up', () => {
    const gate = new Gate();
    gate.restoreRoute(aRoute(), false, 0);
    expect(gate.wakeAtMs).toBeUndefined();
    expect(gate.wake(3_600_000)).toEqual([]);
    expect([...gate.passed()]).toEqual([]);
  });

  it('leaves it to the port of the service after a reboot', () => {
    const gate = new Gate();
    gate.restoreRoute(aRoute({ healthCheckNodePort: port }), false, 0);
    expect([...gate.ports]).toEqual(['IPv4 30053']);
    expect(gate.verdict('IPv4 30053', serving, 10)).toEqual([prefix]);
  });

  it('leaves it to the operator after a reboot: the delay runs from its word', () => {
    const gate = new Gate();
    gate.restoreRoute(aRoute(), false, 0);
    expect(gate.confirm(7_000)).toEqual([]);
    expect(gate.confirm(7_500)).toEqual([]);
    expect(gate.wakeAtMs).toBe(8_000);
    expect(gate.wake(8_000)).toEqual([prefix]);
  });

  it('goes up on the word of the operator where there is no delay', () => {
    const gate = new Gate();
    gate.restoreRoute(aRoute({ announceDelayMs: 0 }), false, 0);
    expect(gate.confirm(10)).toEqual([prefix]);
  });

  it('keeps what a person said', () => {
    const gate = new Gate();
    gate.isolate(true, 0);
    gate.restore({ withdrawn: [prefix], portsAnswer: ['IPv4'] });
    gate.restoreRoute(aRoute(), true, 0);
    expect(gate).toMatchObject({ isolated: true, portsAnswer: new Set(['IPv4']) });
    expect(say(gate)).toBe('Isolated');
    expect(gate.isolate(false, 1)).toEqual([prefix]);
    expect(say(gate)).toBe('WithdrawnLocally');
    expect([...gate.withdrawn]).toEqual([prefix]);
  });
});

describe('what a person says here', () => {
  it('wins over the operator until the person takes it back', () => {
    const gate = new Gate();
    gate.order(aRoute({ announceDelayMs: 0 }), 0);
    expect(gate.isolate(true, 1)).toEqual([prefix]);
    expect(gate.isolate(true, 2)).toEqual([]);
    gate.order(aRoute({ announceDelayMs: 0 }), 3);
    expect(say(gate)).toBe('Isolated');
    expect(gate.isolate(false, 4)).toEqual([prefix]);
    expect(say(gate)).toBe('announced');
  });

  it('withdraws single prefixes, also such that are not there yet', () => {
    const gate = new Gate();
    gate.order(aRoute({ announceDelayMs: 0 }), 0);
    expect(gate.withdraw([prefix, '192.0.2.54/32'], true, 1)).toEqual([prefix]);
    expect(say(gate)).toBe('WithdrawnLocally');
    gate.order(aRoute({ announceDelayMs: 0 }, { prefix: '192.0.2.54/32' }), 2);
    expect(say(gate, '192.0.2.54/32')).toBe('WithdrawnLocally');
    expect(gate.withdraw([prefix, '192.0.2.54/32'], false, 3)).toEqual([prefix, '192.0.2.54/32']);
  });

  it('does not keep a port from proving the data plane', () => {
    const gate = new Gate();
    gate.isolate(true, 0);
    gate.order(aRoute({ mode: 'HealthCheckNodePort', healthCheckNodePort: port }), 0);
    expect(gate.verdict('IPv4 30053', serving, 10)).toEqual([]);
    expect(gate.ports.size).toBe(0);
    expect(gate.isolate(false, 20)).toEqual([prefix]);
  });

  it('does not stop the waiting: nothing is left to wait for when the route may go up', () => {
    const gate = new Gate();
    gate.isolate(true, 0);
    gate.order(aRoute(), 0);
    expect(gate.wake(1_000)).toEqual([]);
    gate.isolate(false, 2_000);
    expect(say(gate)).toBe('announced');
  });
});

describe('any history', () => {
  const name = fc.constantFrom('10.0.0.1/32', '10.0.0.2/32', '10.0.0.3/32');
  const gateSettings = fc.record({
    mode: fc.constantFrom<DataPlaneGate['mode']>('Auto', 'HealthCheckNodePort', 'Delay'),
    healthCheckNodePort: fc.constantFrom(30_001, 30_002),
    announceDelayMs: fc.constantFrom(0, 10, 50),
  });
  const step = fc.oneof(
    fc.record({ kind: fc.constant('order' as const), of: name, gate: gateSettings }),
    fc.record({ kind: fc.constant('remove' as const), of: name }),
    fc.record({
      kind: fc.constant('verdict' as const),
      port: fc.constantFrom(30_001, 30_002),
      verdict: fc.constantFrom(serving, notServing, silent),
    }),
    fc.record({ kind: fc.constant('isolate' as const), on: fc.boolean() }),
    fc.record({ kind: fc.constant('withdraw' as const), of: name, on: fc.boolean() }),
    fc.record({ kind: fc.constant('wake' as const) }),
  );

  it('names every change, announces nothing that a person holds back, and asks only while somebody waits', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const gate = new Gate();
        let nowMs = 0;
        for (const taken of steps) {
          nowMs += 7;
          const before = new Map([...gate.routes()].map(({ entry }) => [entry.prefix, say(gate, entry.prefix)]));
          let named: string[] = [];
          if (taken.kind === 'order') {
            gate.order(aRoute(taken.gate, { prefix: taken.of }), nowMs);
            named = [taken.of];
          } else if (taken.kind === 'remove') gate.remove(taken.of);
          else if (taken.kind === 'verdict') named = gate.verdict(`IPv4 ${taken.port}`, taken.verdict, nowMs);
          else if (taken.kind === 'isolate') named = gate.isolate(taken.on, nowMs);
          else if (taken.kind === 'withdraw') named = gate.withdraw([taken.of], taken.on, nowMs);
          else named = gate.wake(nowMs);

          const waitsFor = new Set<HealthPort>();
          for (const { entry, judgement } of gate.routes()) {
            const now = say(gate, entry.prefix);
            if (now !== before.get(entry.prefix)) expect(named).toContain(entry.prefix);
            if (gate.isolated || gate.withdrawn.has(entry.prefix)) expect(judgement.wanted).toBe(false);
            if (judgement.askPort !== undefined) waitsFor.add(judgement.askPort);
            if (before.get(entry.prefix) === 'announced' && taken.kind === 'verdict') expect(now).toBe('announced');
          }
          expect(gate.ports).toEqual(waitsFor);
        }
      }),
    );
  });
});
