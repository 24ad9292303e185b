import type { Event } from '#bgp/fsm/events.ts';
import type { DecodeError } from '#bgp/wire/errors.ts';
import { errorCode, errorSubcode } from '#bgp/wire/iana.ts';
import type { Message } from '#bgp/wire/messages.ts';

/** The event of a message that could not be read. */
export function errorEvent({ notification }: DecodeError): Event {
  switch (notification.code) {
    case errorCode.messageHeader:
      return { kind: 'BgpHeaderErr', notification };
    case errorCode.open:
      return { kind: 'BgpOpenMsgErr', notification };
    default:
      return { kind: 'UpdateMsgErr', notification };
  }
}

/** The event of a message that was read. */
export function messageEvent(message: Message): Event {
  switch (message.kind) {
    case 'open':
      return { kind: 'BgpOpen', open: message };
    case 'update':
      return { kind: 'UpdateMsg' };
    case 'keepalive':
      return { kind: 'KeepAliveMsg' };
    case 'routeRefresh':
      return { kind: 'RouteRefreshMsg' };
    case 'notification': {
      const isVersionError = message.code === errorCode.open && message.subcode === errorSubcode.unsupportedVersion;
      return isVersionError ? { kind: 'NotifMsgVerErr' } : { kind: 'NotifMsg', notification: message };
    }
  }
}
