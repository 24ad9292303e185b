import { decodeMessage } from '#bgp/wire/decode.ts';
import type { Message } from '#bgp/wire/messages.ts';
import { parseIpAddress } from '#net/ip-address.ts';
import { formatPrefix } from '#net/prefix.ts';
import { unwrap } from '#runtime/result.ts';
import type { Lab } from './lab.ts';
import type { Session } from './nodes.ts';

/** What one end of a session has said on the wire since a moment (milliseconds since 1970; default: ever), in order. */
export function said(lab: Lab, session: Session, who: 'router' | 'speaker', sinceMs = 0): Message[] {
  const { ends } = session;
  const [from, to] = [ends[who], ends[who === 'router' ? 'speaker' : 'router']].map(nameInCapture) as [string, string];
  const family = session.family === 'ipv4' ? 'IPv4' : 'IPv6';
  const peerType = session.node.kind === 'eBGP' ? 'ebgp' : 'ibgp';
  return lab.capture
    .messages()
    .filter((message) => message.timeMs >= sinceMs && message.from.startsWith(from) && message.to.startsWith(to))
    .map(({ bytes }) =>
      unwrap(
        decodeMessage(bytes, { fourOctetAsn: true, maxMessageLength: 65_535, maxReceivedLength: 65_535, peerType, families: [family] }),
      ),
    );
}

/** The prefixes that some messages announce, as text. */
export const announced = (messages: readonly Message[]): string[] =>
  messages.flatMap((message) => (message.kind === 'update' ? message.reachable.flatMap(({ prefixes }) => prefixes.map(formatPrefix)) : []));

/** The prefixes that some messages take back, as text, ascending. */
export const withdrawn = (messages: readonly Message[]): string[] =>
  messages
    .flatMap((message) => (message.kind === 'update' ? message.unreachable.flatMap(({ prefixes }) => prefixes.map(formatPrefix)) : []))
    .toSorted();

/** Milliseconds since 1970, with fractions: the time of the capture. */
export const now = (): number => performance.timeOrigin + performance.now();

/** An address followed by the dot before the port, as the capture writes it. */
function nameInCapture(address: string): string {
  return address.includes(':') ? `${Buffer.from(unwrap(parseIpAddress(address)).octets).toString('hex')}.` : `${address}.`;
}
