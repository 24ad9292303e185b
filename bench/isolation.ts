import { join } from 'node:path';
import type { CollectorEvent } from '#collector/views.ts';
import { Router } from '#lab/demo/router.ts';
import { realClock } from '#runtime/clock.ts';
import { type AnycastSpeaker, startSpeaker } from '../test/support/anycast-speaker.ts';
import { eventually } from '../test/support/eventually.ts';
import { createNetwork, type Namespace, type Network } from '../test/support/netns.ts';
import { freePorts } from '../test/support/ports.ts';
import { type RunningProcess, startProcess } from '../test/support/processes.ts';
import { Scope } from '../test/support/scope.ts';
import type { Bench } from './run.ts';
import { percentile, rounded } from './statistics.ts';

const anycast = join(import.meta.dirname, '../anycast');
/** Promised for the healthy router, whatever the other one does. */
const promisedP99Ms = 10;
const prefixOf = (sample: number): string => `198.18.${sample >> 8}.${sample & 255}/32`;

/**
 * Withdrawals at one router while the other one is well, drops every SYN, or does not read (its window closes): from the request at the
 * speaker's admin socket to the message at the healthy router.
 */
export const bench: Bench = async (options, say) => {
  const samples = Number(options['samples'] ?? 500);
  const scope = new Scope();
  try {
    const network = await createNetwork(scope);
    const [node, sick] = [await network.add('node'), await network.add('sick')];
    // So little room that what is sent in one phase closes the window.
    await sick.sysctl({ 'net.ipv4.tcp_rmem': '4096 4096 4096' });
    const healthy = await startHealthy(scope, network);
    const other = await startCollector(scope, sick);
    const peers = [network.host.ipv4, sick.ipv4].map((address) => ({ address, peerASN: 64_501, connectRetrySeconds: 1 }));
    const prefixes = Array.from({ length: samples }, (_, sample) => prefixOf(sample));
    const speaker = await startSpeaker(scope, node, { asn: 64_512, routerId: node.ipv4, peers, many: prefixes });
    await untilAnnounced(speaker, network.host.ipv4, samples);
    await untilAnnounced(speaker, sick.ipv4, samples);

    const results = [await measure('both routers are well', { speaker, healthy, prefixes, say })];
    await other.freeze();
    results.push(await measure('the other router does not read: zero window', { speaker, healthy, prefixes, say }));
    await sick.run(['nft', 'add table ip gone; add chain ip gone in { type filter hook input priority 0; policy drop; }']);
    other.thaw();
    await eventually(
      'the session with the other router has ended',
      async () => (await speaker.sessions())[sick.ipv4]?.state,
      (state) => state !== 'Established',
      { withinMs: 60_000 },
    );
    results.push(await measure('the other router drops every SYN', { speaker, healthy, prefixes, say }));
    const failures = results
      .filter(({ p99Ms }) => p99Ms > promisedP99Ms)
      .map(({ what, p99Ms }) => `${what}: p99 ${p99Ms} ms, promised are ${promisedP99Ms}`);
    return { params: { samples }, results, failures };
  } finally {
    await scope.close();
  }
};

type Setting = {
  readonly speaker: AnycastSpeaker;
  readonly healthy: Router;
  readonly prefixes: readonly string[];
  readonly say: (line: string) => void;
};

/** Withdraws one prefix after the other, then announces all of them again. */
async function measure(what: string, { speaker, healthy, prefixes, say }: Setting) {
  const tookMs: number[] = [];
  for (const prefix of prefixes) {
    const heard = next(healthy, (event) => event.kind === 'withdraw' && event.prefix === prefix);
    const startMs = realClock.nowMs();
    await speaker.admin('POST', '/withdraw', { prefixes: [prefix] });
    tookMs.push((await heard).monotonicUs / 1_000 - startMs);
  }
  const last = next(healthy, (event) => event.kind === 'announce' && event.prefix === prefixes.at(-1));
  await speaker.admin('POST', '/announce', { prefixes });
  await last;
  const [p50Ms, p99Ms] = [rounded(percentile(tookMs, 50)), rounded(percentile(tookMs, 99))];
  say(`${what}: p50 ${p50Ms} ms, p99 ${p99Ms} ms`);
  return { what, samples: tookMs.length, p50Ms, p99Ms, maxMs: rounded(Math.max(...tookMs)) };
}

function next(router: Router, matches: (event: CollectorEvent) => boolean): Promise<CollectorEvent> {
  return new Promise((resolve, reject) => {
    const tooLate = setTimeout(() => reject(new Error('the healthy router heard nothing for 20 s')), 20_000);
    const stop = router.subscribe((event) => {
      if (!matches(event)) return;
      clearTimeout(tooLate);
      stop();
      resolve(event);
    });
  });
}

async function untilAnnounced(speaker: AnycastSpeaker, peer: string, count: number): Promise<void> {
  await eventually(
    `${peer} has ${count} routes`,
    async () => (await speaker.sessions())[peer]?.announcedPrefixes,
    (seen) => seen === count,
    { withinMs: 30_000 },
  );
}

/** Listens in the machine's own namespace, where its events can be read. */
async function startHealthy(scope: Scope, network: Network): Promise<Router> {
  const [http = 0] = await freePorts(1);
  const flags = [`--listen=${network.host.ipv4}:179`, `--http=127.0.0.1:${http}`, '--asn=64501', '--router-id=192.0.2.1'];
  startProcess(scope, 'healthy router', { argv: [anycast, 'collector', ...flags] });
  const router = new Router('healthy', http);
  await eventually('the healthy router answers', () => router.answers());
  await router.listen();
  scope.onClose('events of the router', () => router.close());
  return router;
}

async function startCollector(scope: Scope, namespace: Namespace): Promise<RunningProcess> {
  const flags = [`--listen=${namespace.ipv4}:179`, '--http=127.0.0.1:9443', '--asn=64501', '--router-id=192.0.2.2'];
  const collector = namespace.start(scope, 'the other router', [anycast, 'collector', ...flags]);
  await collector.waitForOutput(/listening/);
  return collector;
}
