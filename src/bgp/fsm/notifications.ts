import { notification } from '#bgp/wire/errors.ts';
import { ceaseSubcode, errorCode, notificationNames } from '#bgp/wire/iana.ts';
import type { NotificationMessage } from '#bgp/wire/messages.ts';
import type { CeaseNotice, State } from './events.ts';
import { readShutdownText, shutdownData } from './shutdown-text.ts';

/** Hold Timer Expired (RFC 4271 §6.5). */
export const holdTimerExpired: NotificationMessage = notification(errorCode.holdTimerExpired, 0);

/** Cease, Connection Collision Resolution (RFC 4271 §6.8, RFC 4486). */
export const collisionResolved: NotificationMessage = notification(errorCode.cease, ceaseSubcode.connectionCollision);

/** Cease with its subcode, and for a shutdown or reset the text for the people at the other end (RFC 9003). */
export function cease(notice: CeaseNotice): NotificationMessage {
  const takesText = notice.subcode === ceaseSubcode.administrativeShutdown || notice.subcode === ceaseSubcode.administrativeReset;
  return notification(errorCode.cease, notice.subcode, takesText ? shutdownData(notice.text) : undefined);
}

/** Finite State Machine Error with the subcode of the state (RFC 6608). */
export function fsmError(state: State): NotificationMessage {
  const subcodes: Readonly<Record<State, number>> = { Idle: 0, Connect: 0, Active: 0, OpenSent: 1, OpenConfirm: 2, Established: 3 };
  return notification(errorCode.finiteStateMachine, subcodes[state]);
}

/** A NOTIFICATION in words, e.g. `Cease, Administrative Shutdown (6/2): "maintenance"`. Safe to print, whatever a router sent. */
export function describeNotification({ code, subcode, data }: NotificationMessage): string {
  const names = notificationNames[code];
  const name = [names?.name ?? 'unknown error', names?.subcodes[subcode]].filter((part) => part !== undefined).join(', ');
  const hasText =
    code === errorCode.cease && (subcode === ceaseSubcode.administrativeShutdown || subcode === ceaseSubcode.administrativeReset);
  const text = hasText ? readShutdownText(data) : '';
  return `${name} (${code}/${subcode})${text === '' ? '' : `: "${text}"`}`;
}
