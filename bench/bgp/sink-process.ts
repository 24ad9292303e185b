/**
 * The receiver of `npm run bench -- bgp`: takes any number of sessions on one port, counts what they announce and keeps nothing,
 * so that it is never what is waited for. It runs in a process of its own and is told what to do over IPC.
 */
import { createServer } from 'node:net';
import { CountingSession, message } from './counting-session.ts';
import type { FromSink, ToSink } from './sink-messages.ts';

/** Our AS, and what every announcer has as its peer's. */
const asn = 65_001;

const sessions = new Set<CountingSession>();
let expected: { readonly announced: number; readonly withdrawn: number } | undefined;

const tell = (news: FromSink): void => void process.send?.(news);
const all = () => [...sessions].map(({ counts }) => counts);
const total = (of: 'announced' | 'withdrawn') => all().reduce((sum, counts) => sum + counts[of], 0);

function counted(): void {
  if (expected === undefined || total('announced') < expected.announced || total('withdrawn') < expected.withdrawn) return;
  expected = undefined;
  tell({ kind: 'reached', sessions: all() });
}

/** Multiprotocol IPv4, route refresh, four-octet AS numbers, and extended messages where they are asked for. */
function openMessage(holdTimeSeconds: number, extendedMessages: boolean): Buffer {
  const capabilities = [1, 4, 0, 1, 0, 1, 2, 0, 65, 4, 0, 0, asn >> 8, asn & 255, ...(extendedMessages ? [6, 0] : [])];
  const parameters = [2, capabilities.length, ...capabilities];
  return message(1, [4, asn >> 8, asn & 255, 0, holdTimeSeconds, 10, 255, 255, 1, parameters.length, ...parameters]);
}

function listen({ port, holdTimeSeconds, extendedMessages }: Extract<ToSink, { kind: 'listen' }>): void {
  const open = openMessage(holdTimeSeconds, extendedMessages);
  const server = createServer((socket) => {
    const session = new CountingSession(socket, open, {
      counted,
      withdrawn: (prefix, atMs) => tell({ kind: 'withdrawn', prefix, atMs }),
    });
    sessions.add(session);
    socket.on('close', () => sessions.delete(session));
  });
  server.listen(port, '0.0.0.0', () => tell({ kind: 'listening' }));
  setInterval(
    () => {
      for (const session of sessions) session.keepalive();
    },
    (1_000 * holdTimeSeconds) / 3,
  );
}

process.on('message', (order: ToSink) => {
  switch (order.kind) {
    case 'listen':
      listen(order);
      break;
    case 'expect':
      for (const session of sessions) session.reset();
      expected = order;
      break;
    case 'refresh':
      for (const session of sessions) session.refresh();
      break;
    case 'count':
      tell({ kind: 'counts', sessions: all() });
      break;
  }
});
process.on('disconnect', () => process.exit(0));
