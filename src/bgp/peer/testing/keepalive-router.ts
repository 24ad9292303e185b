// A router in a process of its own: answers the OPEN, sends a keepalive every half second, and expects nothing. Prints its port.
import { createServer } from 'node:net';
import { encodeMessage } from '#bgp/wire/encode.ts';

const context = { fourOctetAsn: true, maxMessageLength: 4_096 };
const open = encodeMessage({ kind: 'open', asn: 64501, holdTimeS: 3, routerId: 9, capabilities: [] }, context);
const keepalive = encodeMessage({ kind: 'keepalive' }, context);

const server = createServer((socket) => {
  socket.on('error', () => undefined);
  socket.resume();
  socket.write(open);
  const timer = setInterval(() => socket.write(keepalive), 500);
  socket.on('close', () => clearInterval(timer));
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  process.stdout.write(`${typeof address === 'object' ? address?.port : ''}\n`);
});
