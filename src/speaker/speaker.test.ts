import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { LogFields, Logger } from '#obs/logger.ts';
import { Metrics } from '#obs/metrics.ts';
import type { HealthPort } from '#probe/health-port.ts';
import type { ProbeOutcome } from '#probe/verdict.ts';
import { encodeEntry } from '#rpc/entry-codec.ts';
import { type MemoryLink, MemoryOperator } from '#rpc/memory-link.ts';
import type { SpeakerLink } from '#rpc/speaker-link.ts';
import { unwrap } from '#runtime/result.ts';
import { VirtualClock } from '#runtime/virtual-clock.ts';
import { digestOf } from '#state/digest.ts';
import type { Hello, OperatorMessage, Report, SpeakerMessage } from '#state/messages.ts';
import type { RouteTruth } from '#state/truth.ts';
import { MemoryDisk } from './keep/disk.ts';
import { Speaker, type SpeakerOptions } from './speaker.ts';
import { aDelta, aFull, aNode, aPeer, aRoute } from './testing/builders.ts';
import { FakeRouters } from './testing/fake-router.ts';

const [p1, p2] = ['192.0.2.53/32', '192.0.2.54/32'];
const serving: ProbeOutcome = { kind: 'answer', status: 200, body: '{"localEndpoints":1}' };
const refused: ProbeOutcome = { kind: 'failure', detail: 'ECONNREFUSED' };

/** An operator that says what the test says, and remembers what it heard. */
class FakeOperator {
  readonly heard: SpeakerMessage[] = [];
  readonly #operator: MemoryOperator;
  readonly #clock: VirtualClock;
  #link: SpeakerLink | undefined;
  #stream: MemoryLink | undefined;

  constructor(clock: VirtualClock, name = 'operator') {
    this.#clock = clock;
    this.#operator = new MemoryOperator({
      name,
      clock,
      onSpeaker: (link, hello) => {
        this.#link = link;
        this.heard.push(hello);
        link.onMessage((message) => this.heard.push(message));
        link.onClose(() => {
          this.#link = undefined;
        });
      },
    });
  }

  get connected(): boolean {
    return this.#link !== undefined;
  }

  async connect(speaker: Speaker): Promise<void> {
    this.#stream = this.#operator.connect({ node: 'n1', onOperator: (link) => speaker.attach(link) });
    await this.#clock.advanceAsync(0);
  }

  async say(message: OperatorMessage): Promise<void> {
    this.#link?.send(message);
    await this.#clock.advanceAsync(0);
  }

  cut(): void {
    this.#stream?.cut('cut by the test');
  }

  get hello(): Hello {
    const found = this.heard.findLast((message) => message.kind === 'hello');
    if (found === undefined) throw new Error('no Hello was heard');
    return found;
  }

  /** The newest word about a route in any report. */
  truth(prefix: string): RouteTruth | undefined {
    const reports = this.heard.filter((message): message is Report => message.kind === 'report');
    return reports.flatMap(({ routes }) => routes).findLast((route) => route.prefix === prefix);
  }
}

function aWorld(more: Partial<SpeakerOptions> = {}) {
  const clock = new VirtualClock();
  const routers = new FakeRouters();
  const disk = new MemoryDisk();
  const lines: LogFields[] = [];
  const ports = new Map<HealthPort, ProbeOutcome>();
  const write = (fields: LogFields): void => void lines.push(fields);
  const logger: Logger = { debug: () => undefined, info: write, warn: write, error: write, child: () => logger };
  let instances = 0;
  const boot = (options: Partial<SpeakerOptions> = {}) => {
    const metrics = new Metrics();
    const speaker = new Speaker({
      node: 'n1',
      instance: `i${++instances}`,
      bootId: 'boot-1',
      software: 'test',
      clock,
      prefixes: routers.prefixes,
      makePeer: routers.make,
      askPort: async (port) => ports.get(port) ?? refused,
      disk,
      logger,
      metrics,
      ...more,
      ...options,
    });
    return { speaker, metrics };
  };
  const start = async (options: Partial<SpeakerOptions> = {}) => {
    const { speaker } = boot(options);
    unwrap(await speaker.start());
    return speaker;
  };
  const operator = new FakeOperator(clock);
  return { clock, routers, disk, lines, ports, boot, start, operator };
}

type World = ReturnType<typeof aWorld>;

/** The process ends and its streams with it. */
async function crash(world: World, speaker: Speaker): Promise<void> {
  world.operator.cut();
  await speaker.stop();
}

/** A speaker that announces p1 to routers a and b, by an operator of epoch 1. */
async function announcing(world: World): Promise<Speaker> {
  const speaker = await world.start();
  await world.operator.connect(speaker);
  await world.operator.say(aFull([aNode(), aPeer('a'), aPeer('b'), aRoute(p1, ['a', 'b'])]));
  for (const name of ['a', 'b']) world.routers.get(name).up();
  await world.clock.advanceAsync(2_000);
  return speaker;
}

const announcedBy = (truth: RouteTruth | undefined): string[] =>
  (truth?.peers ?? []).filter(({ announced }) => announced).map(({ peer }) => peer);

describe('a speaker and its operator', () => {
  it('says Hello, runs what it is told, acknowledges, and reports what routers have', async () => {
    const world = aWorld();
    const speaker = await world.start();
    expect(speaker.notReady()).toMatch(/no operator/);
    await world.operator.connect(speaker);
    expect(world.operator.hello).toMatchObject({ node: 'n1', instance: 'i1', epoch: 0, version: 0, entries: [], routes: [] });
    await world.operator.say(aFull([aNode(), aPeer('a'), aRoute(p1, ['a'])]));
    expect(world.operator.heard).toContainEqual({ kind: 'ack', epoch: 1, version: 1, rejected: [] });
    expect(speaker.notReady()).toMatch(/no session .* Established/);
    world.routers.get('a').up();
    await world.clock.advanceAsync(0);
    expect(world.operator.truth(p1)).toEqual({ prefix: p1, peers: [{ peer: 'a', announced: true, reason: 'Announced' }], ageMs: 0 });
    expect(speaker.notReady()).toBeUndefined();
    expect(world.lines).toContainEqual(expect.objectContaining({ event: 'announce', prefix: p1, service: 'dns/edge', reason: 'Serving' }));
  });

  it('is ready when it is told to speak to nobody', async () => {
    const world = aWorld();
    const speaker = await world.start();
    await world.operator.connect(speaker);
    expect(speaker.notReady()).toMatch(/no operator/);
    await world.operator.say(aFull([]));
    expect(speaker.notReady()).toBeUndefined();
  });

  it('withdraws in the turn in which it is told, and says so when the last router has acknowledged', async () => {
    const world = aWorld();
    await announcing(world);
    const [a, b] = [world.routers.get('a'), world.routers.get('b')];
    a.acknowledges = false;
    b.acknowledges = false;
    await world.operator.say(aDelta([aNode(), aPeer('a'), aPeer('b')], { removals: [`route/${p1}`] }));
    expect([a.told.at(-1), b.told.at(-1)]).toEqual([`-${p1}`, `-${p1}`]);
    expect(world.operator.heard.at(-1)).toMatchObject({ kind: 'ack', version: 2 });
    await world.clock.advanceAsync(5);
    a.acknowledge();
    await world.clock.advanceAsync(0);
    expect(world.operator.truth(p1)?.peers).toEqual([{ peer: 'b', announced: true, reason: 'WaitingForAck' }]);
    await world.clock.advanceAsync(5);
    b.acknowledge();
    await world.clock.advanceAsync(0);
    expect(world.operator.truth(p1)?.peers).toEqual([]);
    expect(world.lines.find(({ event }) => event === 'withdraw')).toMatchObject({
      prefix: p1,
      service: 'dns/edge',
      reason: 'Removed',
      latencyMs: 10,
    });
  });

  it('times withdrawals by stage', async () => {
    const world = aWorld();
    const { speaker, metrics } = world.boot();
    await speaker.start();
    await world.operator.connect(speaker);
    await world.operator.say(aFull([aNode(), aPeer('a'), aRoute(p1, ['a'])]));
    world.routers.get('a').up();
    await world.operator.say(aDelta([aNode(), aPeer('a')], { removals: [`route/${p1}`] }));
    const text = await metrics.expose();
    expect(text).toContain('anycast_withdraw_duration_seconds_count{stage="written"} 1');
    expect(text).toContain('anycast_withdraw_duration_seconds_count{stage="acknowledged"} 1');
    expect(text).toContain('anycast_session_established{peer="a"} 1');
    expect(text).toContain('anycast_session_announced_prefixes{peer="a"} 0');
    expect(text).toMatch(/anycast_routes_announced 0\n/);
    expect(text).toMatch(/anycast_speaker_epoch 1\n/);
    expect(text).toMatch(/anycast_speaker_operators 1\n/);
    expect(text).toContain('anycast_speaker_messages_total{result="applied"} 2');
  });

  it('changes nothing at the routers when the stream is lost, and says in the next Hello what they have', async () => {
    const world = aWorld();
    const speaker = await announcing(world);
    const told = [...world.routers.get('a').told];
    world.operator.cut();
    await world.clock.advanceAsync(3_600_000);
    expect(world.routers.get('a').told).toEqual(told);
    await world.operator.connect(speaker);
    expect(world.operator.hello).toMatchObject({ epoch: 1, version: 1, routes: [{ prefix: p1, ageMs: 3_602_000 }] });
    expect(announcedBy(world.operator.hello.routes[0])).toEqual(['a', 'b']);
    expect(world.operator.hello.entries.map(({ key }) => key)).toEqual(['node', 'peer/a', 'peer/b', `route/${p1}`]);
  });

  it('remembers for a new leader what was withdrawn a short while ago', async () => {
    const world = aWorld();
    const speaker = await announcing(world);
    await world.operator.say(aDelta([aNode(), aPeer('a'), aPeer('b')], { removals: [`route/${p1}`] }));
    await world.clock.advanceAsync(60_000);
    const second = new FakeOperator(world.clock, 'second');
    await second.connect(speaker);
    expect(second.hello.routes).toEqual([{ prefix: p1, peers: [], ageMs: 60_000 }]);
    await world.clock.advanceAsync(600_000);
    const third = new FakeOperator(world.clock, 'third');
    await third.connect(speaker);
    expect(third.hello.routes).toEqual([]);
  });

  it('runs the last good form of an entry that it can not run, and names it', async () => {
    const world = aWorld();
    await announcing(world);
    const bad = { key: `route/${p1}`, bytes: Uint8Array.of(255, 255, 255) };
    const rest = [aNode(), aPeer('a'), aPeer('b')].map(encodeEntry);
    await world.operator.say({ ...aDelta([], {}), upserts: [bad], digest: digestOf([...rest, bad]) });
    expect(world.operator.heard.at(-1)).toMatchObject({ kind: 'ack', rejected: [{ key: `route/${p1}` }] });
    expect(world.routers.get('a').told.at(-1)).toBe(`+${p1}`);
    expect(world.lines).toContainEqual(expect.objectContaining({ event: 'entry-rejected', key: `route/${p1}` }));
  });

  it('answers a Delta that does not fit with a Nack, and removes all the same', async () => {
    const world = aWorld();
    await announcing(world);
    await world.operator.say(aDelta([], { baseVersion: 5, version: 6, removals: [`route/${p1}`] }));
    expect(world.operator.heard.findLast(({ kind }) => kind === 'nack')).toMatchObject({ version: 6 });
    expect(world.routers.get('a').told.at(-1)).toBe(`-${p1}`);
  });

  it('ends the stream of an operator whose Full does not add up', async () => {
    const world = aWorld();
    await announcing(world);
    await world.operator.say(aFull([], { version: 2, digest: 'f'.repeat(16) }));
    expect(world.operator.connected).toBe(false);
    expect(world.routers.get('a').told.at(-1)).toBe(`+${p1}`);
  });

  it('has no permits: it takes none, and says of every revoked one that it has ended', async () => {
    const world = aWorld();
    await announcing(world);
    await world.operator.say({ kind: 'permit', epoch: 1, prefixes: [p1] });
    await world.operator.say({ kind: 'askAnswer', epoch: 1, id: 1, granted: true, rule: 'none' });
    await world.operator.say({ kind: 'revoke', epoch: 1, prefixes: [p1] });
    expect(world.operator.heard.at(-1)).toEqual({ kind: 'revokeAck', prefixes: [p1] });
  });
});

describe('several operators', () => {
  it('all hear reports, and only the highest epoch is obeyed', async () => {
    const world = aWorld();
    const speaker = await announcing(world);
    const second = new FakeOperator(world.clock, 'second');
    await second.connect(speaker);
    await second.say(aFull([aNode(), aPeer('a'), aPeer('b'), aRoute(p1, ['a', 'b']), aRoute(p2, ['a'])], { epoch: 2, version: 1 }));
    expect(announcedBy(second.truth(p2))).toEqual(['a']);
    expect(announcedBy(world.operator.truth(p2))).toEqual(['a']);
    await world.operator.say(aDelta([], { removals: [`route/${p1}`] }));
    expect(world.operator.connected).toBe(false);
    expect(world.routers.get('a').routes.has(p1)).toBe(true);
    expect(second.connected).toBe(true);
  });

  it('a higher epoch is on disk before it acts, and what arrives meanwhile waits in order', async () => {
    const world = aWorld();
    const speaker = await announcing(world);
    const second = new FakeOperator(world.clock, 'second');
    await second.connect(speaker);
    let write: () => void = () => undefined;
    const replace = world.disk.replace.bind(world.disk);
    world.disk.replace = async (name, text) => {
      await new Promise<void>((resolve) => {
        write = resolve;
      });
      await replace(name, text);
    };
    await second.say(aFull([aNode(), aPeer('a'), aPeer('b'), aRoute(p2, ['a'])], { epoch: 2, version: 1 }));
    await world.operator.say(aDelta([], { removals: ['peer/b'] }));
    expect(world.routers.get('a').routes.has(p1)).toBe(true);
    write();
    await world.clock.advanceAsync(0);
    expect(world.disk.files.get('n1.state')).toContain('"epoch":2');
    expect([...world.routers.get('a').routes.keys()]).toEqual([p2]);
    expect(world.operator.connected).toBe(false);
    expect(world.routers.get('b').stopped).toBeUndefined();
  });

  it('a flood while the disk stands still ends the stream that brings it', async () => {
    const world = aWorld();
    const speaker = await announcing(world);
    world.disk.replace = () => new Promise(() => undefined);
    const second = new FakeOperator(world.clock, 'second');
    await second.connect(speaker);
    await second.say(aFull([], { epoch: 2, version: 1 }));
    for (let count = 0; count < 100; count++) await second.say({ kind: 'permit', epoch: 2, prefixes: [] });
    expect(second.connected).toBe(false);
    expect(world.operator.connected).toBe(true);
  });
});

describe('the data plane', () => {
  it('is waited for before a route goes up, by the port of its service', async () => {
    const world = aWorld();
    const speaker = await world.start();
    await world.operator.connect(speaker);
    const gate = { mode: 'HealthCheckNodePort', healthCheckNodePort: 30_053, announceDelayMs: 1_000 } as const;
    await world.operator.say(aFull([aNode(), aPeer('a'), aRoute(p1, ['a'], { gate })]));
    world.routers.get('a').up();
    await world.clock.advanceAsync(5_000);
    expect(world.operator.truth(p1)?.peers).toEqual([{ peer: 'a', announced: false, reason: 'WaitingForDataPlane' }]);
    world.ports.set('IPv4 30053', serving);
    await world.clock.advanceAsync(1_000);
    expect(announcedBy(world.operator.truth(p1))).toEqual(['a']);
    world.ports.set('IPv4 30053', refused);
    await world.clock.advanceAsync(60_000);
    expect(announcedBy(world.operator.truth(p1))).toEqual(['a']);
  });

  it('is waited for by time where no port answers', async () => {
    const world = aWorld();
    const speaker = await world.start();
    await world.operator.connect(speaker);
    const gate = { mode: 'Auto', healthCheckNodePort: 30_053, announceDelayMs: 1_000 } as const;
    await world.operator.say(aFull([aNode(), aPeer('a'), aRoute(p1, ['a'], { gate })]));
    world.routers.get('a').up();
    await world.clock.advanceAsync(999);
    expect(world.routers.get('a').routes.size).toBe(0);
    await world.clock.advanceAsync(1);
    expect(world.routers.get('a').routes.size).toBe(1);
    await world.clock.advanceAsync(10_000);
    expect(world.clock.pendingTimers).toBe(0);
  });
});

describe('a speaker that starts again', () => {
  it('announces in the same boot what it announced, without an operator', async () => {
    const world = aWorld();
    await crash(world, await announcing(world));
    const second = await world.start();
    world.routers.get('a').up();
    expect([...world.routers.get('a').routes.keys()]).toEqual([p1]);
    await world.operator.connect(second);
    expect(world.operator.hello).toMatchObject({ instance: 'i2', epoch: 1, version: 1 });
    expect(announcedBy(world.operator.hello.routes[0])).toEqual(['a']);
  });

  it('waits after a reboot until the operator says it again', async () => {
    const world = aWorld();
    await crash(world, await announcing(world));
    const speaker = await world.start({ bootId: 'boot-2' });
    world.routers.get('a').up();
    await world.clock.advanceAsync(3_600_000);
    expect(world.routers.get('a').routes.size).toBe(0);
    await world.operator.connect(speaker);
    expect(world.operator.hello.routes).toMatchObject([{ prefix: p1, peers: [{ reason: 'WaitingForDataPlane' }, {}] }]);
    const keep = world.operator.hello.entries.map(({ key }) => key);
    await world.operator.say(aFull([], { version: 2, keep, digest: world.operator.hello.digest }));
    expect([...world.routers.get('a').routes.keys()]).toEqual([p1]);
  });

  it('tells its sessions what it follows, and when the first routes are complete', async () => {
    const world = aWorld();
    const first = await announcing(world);
    expect(world.routers.get('a')).toMatchObject({ restart: { restarted: false, forwardingPreserved: false }, hasInitialRoutes: true });
    await crash(world, first);
    const second = await world.start();
    expect(world.routers.get('a')).toMatchObject({ restart: { restarted: true, forwardingPreserved: true }, hasInitialRoutes: false });
    await world.operator.connect(second);
    const keep = world.operator.hello.entries.map(({ key }) => key);
    await world.operator.say(aFull([], { version: 2, keep, digest: world.operator.hello.digest }));
    expect(world.routers.get('a').hasInitialRoutes).toBe(true);
    await crash(world, second);
    await world.start({ bootId: 'boot-2' });
    expect(world.routers.get('a').restart).toEqual({ restarted: true, forwardingPreserved: false });
  });

  it('keeps where operators were found', async () => {
    const world = aWorld();
    const first = await world.start();
    first.keepOperators(['10.0.0.1:9441']);
    await first.stop();
    expect((await world.start()).operators).toEqual(['10.0.0.1:9441']);
  });

  it('starts without a state that is damaged', async () => {
    const world = aWorld();
    world.disk.files.set('n1.state', 'damaged');
    const speaker = await world.start();
    await world.operator.connect(speaker);
    expect(world.operator.hello.entries).toEqual([]);
    expect(world.lines).toContainEqual(expect.objectContaining({ event: 'state-unreadable' }));
  });
});

describe('a person at the node', () => {
  it('isolates it: everything goes, stays so over restarts and Fulls, and comes back on an explicit word', async () => {
    const world = aWorld();
    const first = await announcing(world);
    expect(await first.admin.isolate(true)).toBeUndefined();
    expect(world.routers.get('a').routes.size).toBe(0);
    await world.clock.advanceAsync(0);
    expect(world.operator.truth(p1)?.peers).toMatchObject([{ announced: false, reason: 'Isolated' }, { reason: 'Isolated' }]);
    expect(world.lines).toContainEqual(expect.objectContaining({ event: 'withdraw', prefix: p1, reason: 'Isolated' }));
    await crash(world, first);
    const second = await world.start();
    await world.operator.connect(second);
    await world.operator.say(aFull([aNode(), aPeer('a'), aRoute(p2, ['a'])], { epoch: 2 }));
    world.routers.get('a').up();
    await world.clock.advanceAsync(60_000);
    expect(world.routers.get('a').routes.size).toBe(0);
    expect(await second.admin.isolate(false)).toBeUndefined();
    expect([...world.routers.get('a').routes.keys()]).toEqual([p2]);
  });

  it('withdraws single prefixes and lets them go up again', async () => {
    const world = aWorld();
    const speaker = await announcing(world);
    expect(await speaker.admin.withdraw([p1], true)).toBeUndefined();
    expect(world.routers.get('a').routes.size).toBe(0);
    expect(speaker.admin.routes()).toMatchObject([
      { prefix: p1, service: 'dns/edge', ordered: true, wanted: false, peers: [{ reason: 'WithdrawnLocally' }, {}] },
    ]);
    await speaker.stop();
    const second = await world.start();
    expect(world.routers.get('a').routes.size).toBe(0);
    expect(await second.admin.withdraw([p1, p2], false)).toBe(`this node is not told to announce ${p2}`);
    expect(world.routers.get('a').routes.size).toBe(1);
    expect(second.admin.sessions()).toMatchObject([{ peer: 'a' }, { peer: 'b' }]);
  });

  it('hears when it does not hold over a restart, or is too much', async () => {
    const world = aWorld();
    const speaker = await announcing(world);
    world.disk.failure = 'ENOSPC: no space left on device, write';
    expect(await speaker.admin.withdraw([p1], true)).toMatch(/not over a restart: ENOSPC/);
    expect(await speaker.admin.isolate(true)).toMatch(/not over a restart: ENOSPC/);
    expect(world.routers.get('a').routes.size).toBe(0);
    const many = Array.from({ length: 100_001 }, (_, index) => `${index}`);
    expect(await speaker.admin.withdraw(many, true)).toMatch(/nothing was done/);
  });
});

describe('leaving', () => {
  it('restarts without asking where no operator is to be had', async () => {
    const world = aWorld();
    const speaker = await announcing(world);
    world.operator.cut();
    await Promise.all([speaker.leave(), speaker.leave()]);
    expect(world.routers.made.map(({ stopped }) => stopped?.how)).toEqual(['restart', 'restart']);
    expect(world.lines).toContainEqual(expect.objectContaining({ event: 'withdraw', prefix: p1, reason: 'Leave' }));
    expect(speaker.notReady()).toMatch(/leaving/);
    expect(world.clock.pendingTimers).toBe(0);
  });

  it('asks, and does what is answered', async () => {
    for (const [action, how] of [
      ['withdraw', 'withdraw'],
      ['restart', 'restart'],
    ] as const) {
      const world = aWorld();
      const speaker = await announcing(world);
      const left = speaker.leave();
      await world.clock.advanceAsync(0);
      expect(world.operator.heard.at(-1)).toEqual({ kind: 'leave' });
      expect(world.routers.get('a').stopped).toBeUndefined();
      await world.operator.say({ kind: 'leaveAnswer', epoch: 1, action });
      await left;
      expect(world.routers.get('a').stopped?.how).toBe(how);
    }
  });

  it('restarts when nobody answers in time, and tells of it', async () => {
    const world = aWorld();
    const speaker = await announcing(world);
    const left = speaker.leave();
    await world.clock.advanceAsync(999);
    expect(world.routers.get('a').stopped).toBeUndefined();
    await world.clock.advanceAsync(1);
    await left;
    expect(world.routers.get('a').stopped?.how).toBe('restart');
    await world.clock.advanceAsync(0);
    expect(announcedBy(world.operator.truth(p1))).toEqual([]);
  });

  it('stays as long as it is told to, and obeys meanwhile', async () => {
    const world = aWorld({ stayMs: 10_000 });
    const speaker = await announcing(world);
    const left = speaker.leave();
    await world.clock.advanceAsync(0);
    await world.operator.say({ kind: 'leaveAnswer', epoch: 1, action: 'stay' });
    await world.operator.say(
      aDelta([aNode(), aPeer('a'), aPeer('b'), aRoute(p1, ['a', 'b']), aRoute(p2, ['a'])], { upserts: [encodeEntry(aRoute(p2, ['a']))] }),
    );
    expect(world.routers.get('a').routes.has(p2)).toBe(true);
    await world.clock.advanceAsync(10_000);
    await left;
    expect(world.routers.get('a').stopped?.how).toBe('withdraw');
  });

  it('takes no new state once it goes', async () => {
    const world = aWorld();
    const speaker = await announcing(world);
    const a = world.routers.get('a');
    for (const peer of world.routers.made) peer.acknowledges = false;
    const left = speaker.leave();
    await world.clock.advanceAsync(1_000);
    const told = [...a.told];
    await world.operator.say(aFull([], { version: 2 }));
    expect(a.told).toEqual(told);
    for (const peer of world.routers.made) peer.end();
    await left;
  });
});

describe('a speaker with a file', () => {
  it('announces what the file says, follows it, and keeps the last good one', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'anycast-speaker-'));
    try {
      const configFile = join(folder, 'config.yaml');
      const text = 'asn: 64512\nrouterId: 192.0.2.1\npeers: [{name: a, address: 192.0.2.254, peerASN: 64500}]\n';
      await writeFile(configFile, `${text}routes: [{prefix: ${p1}}]\n`);
      const world = aWorld({ configFile });
      const speaker = await world.start();
      expect([...world.routers.get('a').routes.keys()]).toEqual([p1]);
      await writeFile(configFile, `${text}routes: [{prefix: nonsense}]\n`);
      expect(await speaker.reload()).toMatchObject({ error: expect.stringMatching(/routes\[0\]\.prefix/) });
      await writeFile(configFile, `node: other\n${text}`);
      expect(await speaker.reload()).toMatchObject({ error: expect.stringMatching(/node is "other", this speaker runs as "n1"/) });
      expect([...world.routers.get('a').routes.keys()]).toEqual([p1]);
      await writeFile(configFile, `${text}routes: [{prefix: ${p2}}]\n`);
      unwrap(await speaker.reload());
      expect([...world.routers.get('a').routes.keys()]).toEqual([p2]);
      await speaker.leave();
      expect(world.routers.get('a').stopped?.how).toBe('withdraw');
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('announces what its file of routes lists, and a person holds it back as named routes', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'anycast-speaker-'));
    try {
      const [configFile, routesFile] = [join(folder, 'config.yaml'), join(folder, 'routes')];
      const peers = 'peers: [{name: a, address: 192.0.2.254, peerASN: 64500}]';
      const text = `asn: 64512\nrouterId: 192.0.2.1\n${peers}\nroutesFile: routes\n`;
      await writeFile(configFile, text);
      await writeFile(routesFile, `${p1}\n${p2}\n2001:db8::53/128\n`);
      const world = aWorld({ configFile });
      const { speaker, metrics } = world.boot();
      unwrap(await speaker.start());
      const router = world.routers.get('a');
      expect(router.told).toEqual(['start', `listed +${p1}`, `listed +${p2}`]);
      router.up();
      expect(world.lines).toContainEqual(expect.objectContaining({ event: 'announce', routes: 2, reason: 'Serving' }));
      world.clock.advance(5_000);
      const shown = (prefix: string) => speaker.admin.routes().find((route) => route.prefix === prefix);
      expect(shown(p1)).toMatchObject({ ordered: true, wanted: true, ageMs: 5_000 });
      expect(shown('2001:db8::53/128')).toMatchObject({ ordered: true, wanted: true, peers: [] });
      expect((await metrics.expose()).match(/^anycast_routes_\w+ \d+$/gm)).toEqual([
        'anycast_routes_announced 2',
        'anycast_routes_ordered 3',
      ]);
      router.told.length = 0;
      expect(await speaker.admin.withdraw([p1], true)).toBeUndefined();
      expect(router.told).toEqual([`listed -${p1}`]);
      expect(world.lines).toContainEqual(
        expect.objectContaining({ event: 'withdraw', prefix: p1, reason: 'WithdrawnLocally', writtenAt: expect.any(Number) }),
      );
      expect(shown(p1)).toMatchObject({ ordered: true, wanted: false, ageMs: 0, peers: [{ peer: 'a', reason: 'WithdrawnLocally' }] });
      await speaker.admin.isolate(true);
      expect(shown(p2)).toMatchObject({ wanted: false, peers: [{ reason: 'Isolated' }] });
      await speaker.admin.isolate(false);
      expect(router.told).toEqual([`listed -${p1}`, `listed -${p2}`, `listed +${p2}`]);
      await speaker.admin.withdraw([p1], false);
      router.told.length = 0;
      await speaker.admin.withdraw([p2], true);
      await writeFile(routesFile, `${p2}\n198.51.100.0/24\n`);
      unwrap(await speaker.reload());
      expect(router.told.slice(1)).toEqual([`listed -${p1}`, 'listed +198.51.100.0/24']);
      expect(world.routers.prefixes.size).toBe(2);
      await writeFile(configFile, text.replace('peerASN: 64500', 'peerASN: 64500, families: [IPv6, IPv4]'));
      await writeFile(routesFile, '2001:db8::53/128\n');
      unwrap(await speaker.reload());
      expect(router.told.slice(-2)).toEqual(['listed -198.51.100.0/24', 'listed +2001:db8::53/128']);
      await writeFile(configFile, text);
      unwrap(await speaker.reload());
      expect(router.told.slice(-2)).toEqual(['listed -2001:db8::53/128', 'reconfigure']);
      await writeFile(configFile, text.replace('routesFile: routes', 'routes: [{prefix: 2001:db8::53/128}]'));
      unwrap(await speaker.reload());
      expect(world.routers.prefixes.size).toBe(0);
      await speaker.leave();
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('holds back from the first moment what a person withdrew before a restart', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'anycast-speaker-'));
    try {
      const configFile = join(folder, 'config.yaml');
      await writeFile(
        configFile,
        'asn: 64512\nrouterId: 192.0.2.1\npeers: [{name: a, address: 192.0.2.254, peerASN: 64500}]\nroutesFile: routes\n',
      );
      await writeFile(join(folder, 'routes'), `${p1}\n${p2}\n`);
      const world = aWorld({ configFile });
      const speaker = await world.start();
      await speaker.admin.withdraw([p1], true);
      await speaker.stop();
      await world.start();
      expect(world.routers.get('a').told).toEqual(['start', `listed +${p2}`]);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('has none to reload when operators tell it', async () => {
    const speaker = await aWorld().start();
    expect(await speaker.reload()).toMatchObject({ error: expect.stringMatching(/no configuration file/) });
  });

  it('does not start when the file is not there', async () => {
    const world = aWorld();
    await crash(world, await announcing(world));
    const { speaker } = world.boot({ configFile: '/nowhere/config.yaml' });
    const made = world.routers.made.length;
    expect(speaker.notReady()).toMatch(/not read yet/);
    expect(await speaker.start()).toMatchObject({
      error: expect.stringMatching(/cannot read \/nowhere\/config\.yaml: it does not exist; name a readable file/),
    });
    expect(world.routers.made).toHaveLength(made);
  });
});
