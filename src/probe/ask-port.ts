import { type IncomingMessage, request } from 'node:http';
import type { AskPort } from './health-check-runner.ts';
import { limits } from './limits.ts';
import type { ProbeOutcome } from './verdict.ts';

/** `GET http://127.0.0.1:<port>/healthz`, one connection per question: a kept one would hide that nobody listens any more. */
export const askHealthCheckPort: AskPort = (port) =>
  new Promise<ProbeOutcome>((resolve) => {
    const asking = request({ host: '127.0.0.1', port, path: '/healthz', agent: false }, (response) => {
      void readAnswer(response).then(resolve);
    });
    // Bounds the whole exchange; a socket's own timeout starts anew with every octet.
    const deadline = setTimeout(() => {
      resolve({ kind: 'failure', detail: `no answer within ${limits.timeoutMs} ms` });
      asking.destroy();
    }, limits.timeoutMs);
    asking.once('error', (error: NodeJS.ErrnoException) => resolve({ kind: 'failure', detail: error.code ?? error.message }));
    asking.once('close', () => clearTimeout(deadline));
    asking.end();
  });

async function readAnswer(response: IncomingMessage): Promise<ProbeOutcome> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      size += chunk.length;
      if (size >= limits.bodyBytes) break;
    }
  } catch (error) {
    return { kind: 'failure', detail: (error as NodeJS.ErrnoException).code ?? (error as Error).message };
  }
  const body = Buffer.concat(chunks).subarray(0, limits.bodyBytes).toString('utf8');
  return { kind: 'answer', status: response.statusCode ?? 0, body };
}
