import { withHeader } from './header.ts';
import { messageType } from './iana.ts';
import { limits } from './limits.ts';
import type { Message, NotificationMessage } from './messages.ts';
import type { EncodeContext } from './negotiated.ts';
import { encodeOpen } from './open.ts';
import { encodeUpdate } from './update-encode.ts';
import { Writer } from './writer.ts';

/** The message as bytes, header included. */
export function encodeMessage(message: Message, context: EncodeContext): Uint8Array {
  switch (message.kind) {
    case 'open':
      return withHeader(messageType.open, encodeOpen(message));
    case 'update':
      return encodeUpdate(message, context);
    case 'notification':
      return withHeader(messageType.notification, encodeNotification(message, context));
    case 'keepalive':
      return withHeader(messageType.keepalive, new Uint8Array());
    case 'routeRefresh':
      return withHeader(messageType.routeRefresh, new Writer().u16(message.afi).u8(message.subtype).u8(message.safi).finish());
  }
}

/** Data that quotes a long message is cut to what the router takes: code and subcode say the most. */
function encodeNotification({ code, subcode, data }: NotificationMessage, { maxMessageLength }: EncodeContext): Uint8Array {
  const room = maxMessageLength - limits.headerOctets - 2;
  return new Writer().u8(code).u8(subcode).bytes(data.subarray(0, room)).finish();
}
