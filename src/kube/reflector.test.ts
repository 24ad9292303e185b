import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { FaultRule } from '#lab/api-server/faults.ts';
import { LabApiServer } from '#lab/api-server/lab-api-server.ts';
import type { LogFields, Logger } from '#obs/logger.ts';
import { realClock } from '#runtime/clock.ts';
import { err, ok } from '#runtime/result.ts';
import { VirtualClock } from '#runtime/virtual-clock.ts';
import { isFresh, type ObjectChange } from './object-source.ts';
import { Reflector, type ReflectorOptions } from './reflector.ts';
import type { ResourceType } from './resource.ts';
import type { RestClient } from './rest-client.ts';
import { aSample, projectSample, type Sample, sampleType } from './testing/samples.ts';
import { connect } from './testing/server-under-test.ts';

/** A logger that remembers what was said from warnings on. */
function listeningLogger(): { logger: Logger; said: LogFields[] } {
  const said: LogFields[] = [];
  const say = (fields: LogFields) => void said.push(fields);
  const logger: Logger = { debug: () => undefined, info: () => undefined, warn: say, error: say, child: () => logger };
  return { logger, said };
}

const told = (changes: readonly ObjectChange<Sample>[]): string[] =>
  changes.map((change) => (change.kind === 'listed' ? 'listed' : `${change.kind} ${change.object.metadata.name}=${change.object.value}`));

describe('the reflector', () => {
  let server: LabApiServer;
  let client: RestClient;
  let changes: ObjectChange<Sample>[];
  let reflector: Reflector<Sample>;
  let said: LogFields[];
  const closers: (() => unknown)[] = [];

  beforeEach(async () => {
    server = new LabApiServer({ bookmarkMs: 50 });
    await server.start();
    const folder = mkdtempSync(join(tmpdir(), 'anycast-reflector-'));
    await server.writeKubeconfig(join(folder, 'kubeconfig'));
    const connected = connect(join(folder, 'kubeconfig'));
    client = connected.client;
    for (const name of ['a', 'b', 'c']) put(name, '1');
    changes = [];
    const log = listeningLogger();
    said = log.said;
    reflector = new Reflector({ type: sampleType, client, project: projectSample, clock: realClock, random: () => 0, logger: log.logger });
    closers.push(
      () => rmSync(folder, { recursive: true }),
      () => server.stop(),
      () => connected.connection.close(),
      () => reflector.stop(),
    );
  });
  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close();
  });

  const put = (name: string, value: string) => void server.apply(aSample('default', name, value));
  const remove = (name: string) => server.delete(sampleType, { namespace: 'default', name });
  const until = (condition: () => boolean) => vi.waitUntil(condition, { timeout: 20_000, interval: 2 });
  const started = async () => {
    reflector.start((change) => changes.push(change));
    await until(() => told(changes).includes('listed') && server.openWatches === 1);
    changes.length = 0;
  };
  const fail = (rule: FaultRule) => server.faults.add(rule);

  it.each<[string, FaultRule['fault']]>([
    ['403', { kind: 'status', code: 403 }],
    ['404', { kind: 'status', code: 404 }],
    ['410', { kind: 'status', code: 410 }],
    ['500', { kind: 'status', code: 500 }],
    ['a cut body', { kind: 'cutBody' }],
    ['a closed connection', { kind: 'disconnect' }],
  ])('takes nothing away while lists fail with %s, and goes on afterwards', async (_, fault) => {
    await started();
    const heal = fail({ on: 'list', fault });
    reflector.relist();
    await until(() => (server.requests.get('GET leases') ?? 0) >= 3);
    expect(changes).toEqual([]);
    expect(reflector.store.size).toBe(3);
    expect(reflector.freshness.failure).toMatch(/^GET leases: /);
    expect(said.filter(({ event }) => event === 'kube-watch-lost')).toHaveLength(1);
    heal();
    await until(() => told(changes).includes('listed'));
    expect(told(changes)).toEqual(['listed']);
    await until(() => reflector.freshness.failure === undefined);
  });

  it('says what to do where the API server does not know the kind', async () => {
    const type = { ...sampleType, howToDefine: 'apply its definition' };
    reflector = new Reflector({
      type,
      client,
      project: projectSample,
      clock: realClock,
      random: () => 0,
      logger: listeningLogger().logger,
    });
    fail({ on: 'list', fault: { kind: 'status', code: 404 } });
    reflector.start(() => undefined);
    await until(() => reflector.freshness.failure !== 'not listed yet');
    const says = 'GET leases: the API server does not know leases.coordination.k8s.io v1; apply its definition';
    expect(reflector.freshness.failure).toBe(says);
  });

  it('lists and watches one namespace, and what has one value in a field, where it is told to', async () => {
    const type: ResourceType = { group: '', version: 'v1', plural: 'secrets', kind: 'Secret', namespaced: true };
    const selected = { namespace: 'default', fieldSelector: 'type=example.org/key' };
    const { logger } = listeningLogger();
    reflector = new Reflector({ type, ...selected, client, project: projectSample, clock: realClock, random: () => 0, logger });
    /** Three that differ: the one that is selected comes last. */
    const putThree = (name: string) => {
      const secret = (namespace: string, ofType: string) =>
        server.apply({
          apiVersion: 'v1',
          kind: 'Secret',
          metadata: { name: `${name}-${namespace}-${ofType.length}`, namespace },
          type: ofType,
        });
      secret('kube-system', 'example.org/key');
      secret('default', 'Opaque');
      secret('default', 'example.org/key');
    };
    putThree('listed');
    reflector.start((change) => changes.push(change));
    await until(() => told(changes).includes('listed'));
    putThree('watched');
    await until(() => told(changes).includes('upserted watched-default-15='));
    expect(told(changes)).toEqual(['upserted listed-default-15=', 'listed', 'upserted watched-default-15=']);
  });

  it('reports an empty list as vanished, never as deleted', async () => {
    await started();
    const heal = fail({ on: 'list', fault: { kind: 'emptyList' } });
    reflector.relist();
    await until(() => told(changes).includes('listed'));
    expect(told(changes)).toEqual(['vanished a=1', 'vanished b=1', 'vanished c=1', 'listed']);
    heal();
    reflector.relist();
    await until(() => told(changes).length === 8);
    expect(told(changes).slice(4)).toEqual(['upserted a=1', 'upserted b=1', 'upserted c=1', 'listed']);
  });

  it('reports half a list as vanished, never as deleted', async () => {
    await started();
    fail({ on: 'list', fault: { kind: 'halfList' } });
    reflector.relist();
    await until(() => told(changes).includes('listed'));
    expect(told(changes)).toEqual(['vanished b=1', 'vanished c=1', 'listed']);
  });

  it('lists again when its place in the history is gone, by status', async () => {
    await started();
    fail({ on: 'watch', fault: { kind: 'status', code: 410 }, times: 1 });
    server.cutWatches();
    put('a', '2');
    await until(() => told(changes).includes('listed'));
    expect(told(changes)).toEqual(['upserted a=2', 'listed']);
  });

  it('lists again when its place in the history is gone, by event', async () => {
    await started();
    // While the watch can't be opened, so much happens that the server forgets.
    const heal = fail({ on: 'watch', fault: { kind: 'status', code: 500 } });
    server.cutWatches();
    remove('b');
    server.compact();
    heal();
    await until(() => told(changes).includes('listed'));
    expect(told(changes)).toEqual(['vanished b=1', 'listed']);
  });

  it('does not storm a server that always says that the history is gone', async () => {
    await started();
    fail({ on: 'watch', fault: { kind: 'goneEvent' } });
    server.cutWatches();
    await until(() => told(changes).filter((what) => what === 'listed').length === 3);
    const spans = changes.map(({ atMs }) => atMs);
    // Without chance the delays are 100, 200, 400 ms.
    expect((spans.at(-1) ?? 0) - (spans.at(0) ?? 0)).toBeGreaterThan(500);
  });

  it('goes on where it was when its watch is cut', async () => {
    await started();
    server.cutWatches();
    put('a', '2');
    await until(() => told(changes).length === 1);
    remove('a');
    await until(() => told(changes).length === 2);
    expect(told(changes)).toEqual(['upserted a=2', 'deleted a=2']);
  });

  it('lists again when watches keep closing at once without a word', async () => {
    await started();
    const heal = fail({ on: 'watch', fault: { kind: 'closedAtOnce' } });
    server.cutWatches();
    await until(() => told(changes).includes('listed'));
    expect(server.requests.get('WATCH leases')).toBeLessThanOrEqual(1 + 3 + 1);
    heal();
    put('a', '2');
    await until(() => told(changes).includes('upserted a=2'));
  });

  it('waits as long as the server asks for', async () => {
    await started();
    fail({ on: 'watch', fault: { kind: 'status', code: 429, retryAfterSeconds: 1 }, times: 1 });
    const cutMs = realClock.nowMs();
    server.cutWatches();
    put('a', '2');
    await until(() => told(changes).includes('upserted a=2'));
    expect((changes[0]?.atMs ?? 0) - cutMs).toBeGreaterThanOrEqual(1_000);
  });

  it('keeps the order of slow events', async () => {
    fail({ on: 'watch', fault: { kind: 'slow', delayMs: 20 } });
    await started();
    put('a', '2');
    put('b', '2');
    put('a', '3');
    await until(() => told(changes).length === 3);
    expect(told(changes)).toEqual(['upserted a=2', 'upserted b=2', 'upserted a=3']);
  });

  it('knows when the cluster was restored from a backup, and believes it again when a person says so', async () => {
    const backup = server.snapshot();
    put('d', '1');
    await started();
    remove('a');
    await until(() => told(changes).includes('deleted a=1'));
    changes.length = 0;
    server.restore(backup);
    reflector.relist();
    await until(() => told(changes).includes('listed'));
    expect(changes.at(-1)).toMatchObject({ kind: 'listed', rewound: true });
    expect(told(changes)).toEqual(['upserted a=1', 'vanished d=1', 'listed']);
    expect(isFresh(reflector.freshness, realClock.nowMs())).toBe(false);
    reflector.acceptRewind();
    expect(isFresh(reflector.freshness, realClock.nowMs())).toBe(true);
  });

  it('stays fresh by bookmarks', async () => {
    await started();
    const { lastContactMs = 0 } = reflector.freshness;
    await until(() => (reflector.freshness.lastContactMs ?? 0) > lastContactMs);
    expect(changes).toEqual([]);
  });

  it('survives the API server being away', async () => {
    await started();
    await server.stop();
    await until(() => reflector.freshness.failure !== undefined);
    put('a', '2');
    await server.start();
    await until(() => told(changes).includes('upserted a=2'));
    expect(told(changes)).toEqual(['upserted a=2']);
  });

  it('sees the tombstones of an outage, however often it had to try', async () => {
    await started();
    const heal = fail({ on: 'watch', fault: { kind: 'disconnect' } });
    server.cutWatches();
    remove('b');
    await until(() => (server.requests.get('WATCH leases') ?? 0) >= 5);
    heal();
    await until(() => told(changes).length > 0);
    expect(told(changes)).toEqual(['deleted b=1']);
  });

  it('stops at any time, also while it waits or while a request hangs', async () => {
    fail({ on: 'any', fault: { kind: 'hang' } });
    reflector.start((change) => changes.push(change));
    await until(() => (server.requests.get('GET leases') ?? 0) === 1);
    await reflector.stop();
    expect(changes).toEqual([]);
  });
});

describe('the reflector on virtual time', () => {
  type Watch = { write(event: unknown): void; writeText(text: string): void; end(): void };

  /** A server that does what the test says: lists one object, and watches that the test writes into. */
  function scripted() {
    const clock = new VirtualClock();
    const watches: Watch[] = [];
    let lists = 0;
    const seconds: number[] = [];
    const client: { -readonly [K in keyof ReflectorOptions<Sample>['client']]: ReflectorOptions<Sample>['client'][K] } = {
      collect: async (_type, _options, keep) => {
        lists++;
        const object = { ...aSample('default', 'a', '1'), metadata: { name: 'a', resourceVersion: '5' } };
        return ok({ items: [keep(object)], resourceVersion: '10' });
      },
      watch: async (_, { signal, timeoutSeconds }) => {
        seconds.push(timeoutSeconds);
        const chunks: (Buffer | undefined)[] = [];
        let wake: () => void = () => undefined;
        const push = (chunk: Buffer | undefined) => {
          chunks.push(chunk);
          wake();
        };
        signal.addEventListener('abort', () => wake());
        watches.push({
          write: (event) => push(Buffer.from(`${JSON.stringify(event)}\n`)),
          writeText: (text) => push(Buffer.from(text)),
          end: () => push(undefined),
        });
        return ok(
          (async function* () {
            for (;;) {
              if (signal.aborted) throw new Error('aborted');
              if (chunks.length > 0) {
                const chunk = chunks.shift();
                if (chunk === undefined) return;
                yield chunk;
              } else await new Promise<void>((resolve) => (wake = resolve));
            }
          })(),
        );
      },
    };
    const changes: ObjectChange<Sample>[] = [];
    const { logger, said } = listeningLogger();
    const reflector = new Reflector<Sample>({ type: sampleType, client, project: projectSample, clock, random: () => 0.5, logger });
    reflector.start((change) => changes.push(change));
    return { clock, watches, changes, reflector, client, said, lists: () => lists, seconds };
  }

  const bookmark = (resourceVersion: string) => ({ type: 'BOOKMARK', object: { metadata: { resourceVersion } } });

  it('opens a silent watch again where it was, and lists when the next one is silent from the start', async () => {
    const { clock, watches, reflector, lists } = scripted();
    await clock.advanceAsync(60_000);
    watches[0]?.write(bookmark('11'));
    await clock.advanceAsync(74_000);
    expect([watches.length, lists()]).toEqual([1, 1]);
    await clock.advanceAsync(2_000);
    expect([watches.length, lists()]).toEqual([2, 1]);
    await clock.advanceAsync(76_000);
    expect([watches.length, lists()]).toEqual([3, 2]);
    await reflector.stop();
    expect(clock.pendingTimers).toBe(0);
  });

  it('is fresh within seconds after an outage, for its next watch is so short that its bookmark comes soon', async () => {
    const { clock, watches, reflector, client, lists, seconds } = scripted();
    await clock.advanceAsync(10);
    const { watch } = client;
    client.watch = async () => err({ status: 500, reason: 'Status500', message: 'away' });
    watches[0]?.end();
    await clock.advanceAsync(150_000);
    expect(isFresh(reflector.freshness, clock.nowMs())).toBe(false);
    client.watch = watch;
    await clock.advanceAsync(6_000);
    watches[1]?.write(bookmark('11'));
    await clock.advanceAsync(2_000);
    expect(isFresh(reflector.freshness, clock.nowMs())).toBe(true);
    watches[1]?.end();
    await clock.advanceAsync(1_000);
    // Tombstones of the outage come with the watch; a list would not have them.
    expect([seconds, lists()]).toEqual([[450, 6, 450], 1]);
    await reflector.stop();
  });

  it('is stale after two intervals without a bookmark, and fresh with them', async () => {
    const { clock, watches, reflector } = scripted();
    for (let minute = 11; minute < 20; minute++) {
      await clock.advanceAsync(60_000);
      watches[0]?.write(bookmark(String(minute)));
    }
    await clock.advanceAsync(60_000);
    expect(watches).toHaveLength(1);
    expect(isFresh(reflector.freshness, clock.nowMs())).toBe(true);
    const { lastContactMs = 0 } = reflector.freshness;
    expect(isFresh(reflector.freshness, lastContactMs + 120_001)).toBe(false);
    await reflector.stop();
  });

  it('lists again when an event is older than what it has seen', async () => {
    const { clock, watches, changes, reflector, lists } = scripted();
    await clock.advanceAsync(10);
    watches[0]?.write({ type: 'MODIFIED', object: { metadata: { name: 'a', resourceVersion: '9' } } });
    await clock.advanceAsync(1_000);
    expect(lists()).toBe(2);
    expect(told(changes)).toEqual(['upserted a=1', 'listed', 'listed']);
    await reflector.stop();
  });

  it('lists again past an event that it cannot read', async () => {
    const { clock, watches, reflector, lists } = scripted();
    await clock.advanceAsync(10);
    watches[0]?.writeText('{"type":"ADDED"\n');
    await clock.advanceAsync(1_000);
    expect(lists()).toBe(2);
    await reflector.stop();
  });

  it('opens the watch again after an error that is no expiry, and ignores events of unknown types', async () => {
    const { clock, watches, reflector, lists, said } = scripted();
    await clock.advanceAsync(10);
    watches[0]?.write({ type: 'NEWS', object: { metadata: { resourceVersion: '11' } } });
    watches[0]?.write({ type: 'ERROR', object: { kind: 'Status', metadata: {}, code: 500, message: 'etcd is tired' } });
    await clock.advanceAsync(1_000);
    expect([watches.length, lists()]).toEqual([2, 1]);
    expect(said).toContainEqual({ event: 'kube-watch-lost', reason: 'Status500', error: 'WATCH leases: etcd is tired' });
    await reflector.stop();
  });

  it('opens a watch that the server ends in order after minutes again at once, without a word', async () => {
    const { clock, watches, reflector, said } = scripted();
    await clock.advanceAsync(10);
    for (let round = 0; round < 5; round++) {
      await clock.advanceAsync(60_000);
      watches.at(-1)?.write(bookmark(String(20 + round)));
      await clock.advanceAsync(1);
      watches.at(-1)?.end();
      await clock.advanceAsync(0);
      expect(watches).toHaveLength(round + 2);
    }
    expect(said).toEqual([]);
    await reflector.stop();
  });

  it('backs off from a server that does not take watches, up to 5 s', async () => {
    const { clock, client, reflector } = scripted();
    const attempts: number[] = [];
    client.watch = async () => {
      attempts.push(clock.nowMs());
      return err({ status: 0, reason: 'Unreachable', message: 'nobody there' });
    };
    client.collect = async () => err({ status: 503, reason: 'ServiceUnavailable', message: 'not now' });
    reflector.relist();
    await clock.advanceAsync(60_000);
    client.collect = async () => ok({ items: [], resourceVersion: '12' });
    await clock.advanceAsync(60_000);
    const gaps = attempts.slice(1).map((atMs, index) => atMs - (attempts[index] ?? 0));
    expect(Math.max(...gaps)).toBeLessThanOrEqual(5_000);
    expect(Math.min(...gaps)).toBeGreaterThan(2_000);
    expect(reflector.freshness.failure).toBe('nobody there');
    await reflector.stop();
  });
});
