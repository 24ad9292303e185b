import { type IncomingMessage, request } from 'node:http';
import { machineInterfaces } from '#linux/interface-addresses.ts';
import type { AddressFamily } from '#net/ip-address.ts';
import type { AskPort } from './health-check-runner.ts';
import { partsOf } from './health-port.ts';
import { limits } from './limits.ts';
import type { ProbeOutcome } from './verdict.ts';

/** Where a program on this machine listens that listens everywhere. */
const loopback = { IPv4: '127.0.0.1', IPv6: '::1' } as const;

/**
 * Asks a health-check port where kube-proxy listens for it: in iptables mode on every address, in nftables mode on the node's
 * own addresses only and not on a loopback address (measured on 1.36).
 */
export const askHealthCheckPort: AskPort = (port) => {
  const { family, number } = partsOf(port);
  return askAtFirst([loopback[family], ...ownAddresses(family)], number);
};

/** Asks at the first of the addresses where somebody listens. A refusal comes at once, so that at most one question takes time. */
export async function askAtFirst(addresses: readonly string[], port: number): Promise<ProbeOutcome> {
  let outcome: ProbeOutcome = { kind: 'failure', detail: 'no address to ask' };
  for (const address of addresses) {
    outcome = await askAt(address, port);
    if (outcome.kind === 'answer' || outcome.detail !== 'ECONNREFUSED') return outcome;
  }
  return outcome;
}

/** This machine's addresses that others reach it by; read anew, since they come and go. */
function ownAddresses(family: AddressFamily): string[] {
  const all = Object.values(machineInterfaces()).flatMap((addresses) => addresses ?? []);
  // A link-local address names no host without its interface; loopback interfaces hold addresses of services, not of the node.
  const own = all.filter((each) => each.family === family && !each.internal && !each.address.startsWith('fe80:'));
  return own.slice(0, limits.addressesAsked).map(({ address }) => address);
}

/** `GET http://<address>:<port>/healthz`, one connection per question: a kept one would hide that nobody listens any more. */
function askAt(host: string, port: number): Promise<ProbeOutcome> {
  return new Promise<ProbeOutcome>((resolve) => {
    const asking = request({ host, port, path: '/healthz', agent: false }, (response) => {
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
}

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
