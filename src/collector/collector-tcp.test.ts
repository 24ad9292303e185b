import { describe, expect, it } from 'vitest';
import { Peer } from '#bgp/peer/peer.ts';
import { PrefixTable } from '#bgp/rib/prefix-table.ts';
import { Tcp } from '#linux/tcp.ts';
import { HttpServer } from '#obs/http-server.ts';
import { silentLogger } from '#obs/logger.ts';
import { realClock } from '#runtime/clock.ts';
import { realRandom } from '#runtime/random.ts';
import { unwrap } from '#runtime/result.ts';
import { Collector } from './collector.ts';
import { collectorRoutes } from './http-routes.ts';
import type { CollectorEvent, RouteView, SessionView } from './views.ts';

const prefix = '192.0.2.53/32';
const attributes = { communities: [], largeCommunities: [], prepend: 0 };

/** Polls every few milliseconds, at most ten seconds. */
async function until(what: string, condition: () => boolean): Promise<void> {
  for (let waited = 0; waited < 2_000; waited++) {
    if (condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error(`never: ${what}`);
}

/** Reads server-sent events into an array until it is stopped. */
function readEvents(url: string): { events: CollectorEvent[]; stop: () => void; done: Promise<void> } {
  const events: CollectorEvent[] = [];
  const controller = new AbortController();
  const read = async (): Promise<void> => {
    const response = await fetch(url, { signal: controller.signal });
    let text = '';
    for await (const chunk of (response.body ?? new ReadableStream<Uint8Array>()).pipeThrough(new TextDecoderStream())) {
      text += chunk;
      const parts = text.split('\n\n');
      text = parts.pop() ?? '';
      for (const part of parts) events.push(JSON.parse(part.slice('data: '.length)));
    }
  };
  // Ends with the abort that `stop` causes.
  return { events, stop: () => controller.abort(), done: read().catch(() => undefined) };
}

describe.each(['127.0.0.1', '::1'])('a speaker and a collector over TCP at %s', (address) => {
  it('a route appears and disappears, over HTTP and to the speaker', async () => {
    const collector = unwrap(await Collector.start({ listen: { address, port: 0 }, asn: 64501, routerId: '192.0.2.254' }));
    const http = unwrap(await HttpServer.listen({ address: '127.0.0.1', port: 0 }, collectorRoutes(collector)));
    const url = (path: string): string => `http://127.0.0.1:${http.port}${path}`;
    const get = async <T>(path: string): Promise<T> => (await (await fetch(url(path))).json()) as T;
    const reader = readEvents(url('/events'));
    const peer = new Peer(
      {
        name: 'collector',
        address,
        port: collector.local.port,
        localAsn: 64500,
        peerAsn: 64501,
        routerId: '10.0.0.1',
        families: ['IPv4', 'IPv6'],
        holdTimeMs: 30_000,
        connectRetryMs: 5_000,
        nextHopIpv4: '10.0.0.1',
        nextHopIpv6: '2001:db8::1',
      },
      { clock: realClock, random: realRandom, connector: new Tcp(), logger: silentLogger, prefixes: new PrefixTable() },
      { routes: () => undefined, withdrawalsWritten: () => undefined, listed: () => undefined, session: () => undefined },
    );
    try {
      peer.start();
      await until('Established', () => peer.session().state === 'Established');
      await until('events are read', () => collector.sessions()[0]?.state === 'Established');
      peer.change([], [{ prefix, attributes }]);
      await until('the announcement is acknowledged', () => peer.route(prefix)?.reason === 'Announced');
      await until('the route is shown', () => collector.routes().length === 1);
      expect(await get<RouteView[]>('/routes')).toEqual([
        expect.objectContaining({ peer: '10.0.0.1/AS64500', prefix, nextHop: '10.0.0.1', asPath: [64500] }),
      ]);
      const before = process.hrtime.bigint() / 1_000n;
      peer.change([prefix], []);
      await until('the withdrawal is acknowledged', () => peer.route(prefix) === undefined);
      await until('the withdrawal is told', () => reader.events.some((event) => event.kind === 'withdraw'));
      const withdrawal = reader.events.find((event) => event.kind === 'withdraw');
      // The stamp is on the clock that all processes of the machine share.
      expect(BigInt(withdrawal?.monotonicUs ?? 0) - before).toBeLessThan(5_000_000n);
      expect(BigInt(withdrawal?.monotonicUs ?? 0) - before).toBeGreaterThanOrEqual(0n);
      expect(Math.abs((withdrawal?.unixUs ?? 0) / 1_000 - Date.now())).toBeLessThan(10_000);
      await peer.stop({ how: 'withdraw', text: 'the test ends' });
      await until('the session is over', () => collector.sessions()[0]?.state === 'Idle');
      const [session] = await get<SessionView[]>('/sessions');
      expect(session).toMatchObject({ lastNotificationReceived: 'Cease, Administrative Shutdown (6/2): "the test ends"' });
    } finally {
      reader.stop();
      await reader.done;
      await peer.stop({ how: 'quiet' });
      await http.close();
      await collector.stop();
    }
  });
});
