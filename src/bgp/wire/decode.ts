import { err, ok, type Result } from '#runtime/result.ts';
import { type DecodeError, refreshError } from './errors.ts';
import { badLength, decodeHeader } from './header.ts';
import { messageType, refreshSubtype } from './iana.ts';
import { limits } from './limits.ts';
import type { Message, NotificationMessage, RouteRefreshMessage, UpdateMessage } from './messages.ts';
import type { DecodeContext } from './negotiated.ts';
import { decodeOpen } from './open.ts';
import { Reader } from './reader.ts';
import { decodeUpdate } from './update-decode.ts';

/** Octets of AFI, subtype and SAFI. */
const refreshOctets = 4;

/** Reads one message as a `Framer` gave it. Bytes that are no whole message are a header error too. */
export function decodeMessage(frame: Uint8Array, context: DecodeContext): Result<Message, DecodeError> {
  const header = decodeHeader(frame, context.maxReceivedLength);
  if (!header.ok) return header;
  const { length, type } = header.value;
  if (length !== frame.length) {
    return err(badLength(length, `message header: length ${length}, but there are ${frame.length} octets`));
  }
  const body = frame.subarray(limits.headerOctets);
  switch (type) {
    case messageType.open:
      return decodeOpen(body);
    case messageType.update:
      return withBytes(decodeUpdate(body, context), frame);
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

/** RFC 7606 §6: of what was wrong the whole message is kept. */
function withBytes(decoded: Result<UpdateMessage, DecodeError>, frame: Uint8Array): Result<UpdateMessage, DecodeError> {
  if (!decoded.ok) return err({ ...decoded.error, bytes: frame.slice() });
  return decoded.value.faults.length === 0 ? decoded : ok({ ...decoded.value, bytes: frame.slice() });
}

/** A wrong length is an error of its own for what RFC 7313 added, and one of the header for the rest; unknown subtypes are ignored. */
function decodeRouteRefresh(frame: Uint8Array, body: Uint8Array): Result<RouteRefreshMessage, DecodeError> {
  const reader = new Reader(body);
  const message: RouteRefreshMessage = { kind: 'routeRefresh', afi: reader.u16(), subtype: reader.u8(), safi: reader.u8() };
  if (body.length === refreshOctets) return ok(message);
  const { subtype } = message;
  if (subtype === refreshSubtype.begin || subtype === refreshSubtype.end) {
    return err(refreshError(frame, `subtype ${subtype} has ${body.length} octets, not ${refreshOctets}`));
  }
  if (subtype !== refreshSubtype.request) return ok(message);
  return err(badLength(frame.length, `ROUTE-REFRESH: length ${frame.length} is not ${limits.headerOctets + refreshOctets}`));
}
