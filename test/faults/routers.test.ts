import { createServer, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, expect, it } from 'vitest';
import { startSpeaker } from '../support/anycast-speaker.ts';
import { eventually } from '../support/eventually.ts';
import { createNetwork } from '../support/netns.ts';
import { Scope } from '../support/scope.ts';

const scope = new Scope();
afterAll(() => scope.close());

const marker = Buffer.alloc(16, 0xff);
/** OPEN of AS 64501 with the hold time 9 s and no capabilities, then Cease, Connection Rejected (RFC 4271 §4.2, §4.5; RFC 4486). */
const open = Buffer.concat([marker, Buffer.from([0, 29, 1, 4, 0xfb, 0xf5, 0, 9, 192, 0, 2, 1, 0])]);
const cease = Buffer.concat([marker, Buffer.from([0, 21, 3, 6, 5])]);

it('a router that ceases right after OPEN is asked again a few times in five seconds, not thousands of times', async () => {
  const network = await createNetwork(scope);
  const node = await network.add('node');
  let connections = 0;
  const router = createServer((socket: Socket) => {
    connections++;
    socket.on('error', () => undefined);
    socket.once('data', () => socket.end(Buffer.concat([open, cease])));
  });
  await new Promise<void>((listening) => router.listen(179, network.host.ipv4, listening));
  scope.onClose('router', () => new Promise((closed) => router.close(() => closed())));
  await startSpeaker(scope, node, {
    asn: 64_512,
    routerId: node.ipv4,
    peers: [{ address: network.host.ipv4, peerASN: 64_501, connectRetrySeconds: 1 }],
    routes: [{ prefix: '192.0.2.53/32' }],
  });
  await eventually('the speaker connects', () => connections > 0);
  await delay(5_000);
  console.log(JSON.stringify({ name: 'faults/routers', results: [{ fault: 'Cease right after OPEN', connectionsIn5s: connections }] }));
  expect(connections).toBeGreaterThanOrEqual(2);
  expect(connections).toBeLessThanOrEqual(5);
}, 60_000);
