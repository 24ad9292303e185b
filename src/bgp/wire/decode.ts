import { err, ok, type Result } from '#runtime/result.ts';
import { type DecodeError, headerError, refreshError } from './errors.ts';
import { decodeHeader } from './header.ts';
import { errorSubcode, messageType } from './iana.ts';
import { limits } from './limits.ts';
import type { Message, NotificationMessage, RouteRefreshMessage } from './messages.ts';
import type { DecodeContext } from './negotiated.ts';
import { decodeOpen } from './open.ts';
import { Reader } from './reader.ts';
import { decodeUpdate } from './update-decode.ts';

/** Octets of AFI, subtype and SAFI. */
const refreshOctets = 4;

/** Reads one message as a `Framer` gave it. Bytes that are no whole message are a header error too. */
export function decodeMessage(frame: Uint8Array, context: DecodeContext): Result<Message, DecodeError> {
  const header = decodeHeader(frame, context.maxMessageLength);
  if (!header.ok) return header;
  const { length, type } = header.value;
  if (length !== frame.length) {
    const data = Uint8Array.of(length >> 8, length & 0xff);
    return err(headerError(errorSubcode.badMessageLength, data, `message header: length ${length}, but there are ${frame.length} octets`));
  }
  const body = frame.subarray(limits.headerOctets);
  switch (type) {
    case messageType.open:
      return decodeOpen(body);
    case messageType.update:
      return decodeUpdate(body, context);
    case messageType.notification:
      return ok(decodeNotification(body));
    case messageType.routeRefresh:
      return decodeRouteRefresh(frame, body);
    default: // the header allows one more
      return ok({ kind: 'keepalive' });
  }
}

function decodeNotification(body: Uint8Array): NotificationMessage {
  const reader = new Reader(body);
  return { kind: 'notification', code: reader.u8(), subcode: reader.u8(), data: reader.rest().slice() };
}

function decodeRouteRefresh(frame: Uint8Array, body: Uint8Array): Result<RouteRefreshMessage, DecodeError> {
  if (body.length !== refreshOctets) return err(refreshError(frame, `has ${body.length} octets, not ${refreshOctets}`));
  const reader = new Reader(body);
  return ok({ kind: 'routeRefresh', afi: reader.u16(), subtype: reader.u8(), safi: reader.u8() });
}
