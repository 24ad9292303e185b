import { notification } from '#bgp/wire/errors.ts';
import { ceaseSubcode, errorCode, familyOf, notificationNames } from '#bgp/wire/iana.ts';
import type { NotificationMessage } from '#bgp/wire/messages.ts';
import type { CeaseNotice, State } from './events.ts';
import type { Negotiated } from './session.ts';
import { readShutdownText, shutdownData } from './shutdown-text.ts';

/** Hold Timer Expired (RFC 4271 §6.5). */
export const holdTimerExpired: NotificationMessage = notification(errorCode.holdTimerExpired, 0);

/** Cease, Connection Collision Resolution (RFC 4271 §6.8, RFC 4486). */
export const collisionResolved: NotificationMessage = notification(errorCode.cease, ceaseSubcode.connectionCollision);

/** Reasons after which our routes shall be gone at once, whatever was agreed about restarts: nobody comes back soon. */
const finalCeases: ReadonlySet<number> = new Set([
  ceaseSubcode.administrativeShutdown,
  ceaseSubcode.peerDeconfigured,
  ceaseSubcode.bfdDown,
]);

/**
 * Cease with its subcode, and for a shutdown or reset the text for the people at the other end (RFC 9003). Where the router would
 * keep our routes in spite of it, a final one goes inside a Hard Reset (RFC 8538 §3).
 */
export function cease(notice: CeaseNotice, negotiated: Negotiated | undefined): NotificationMessage {
  const { subcode, text } = notice;
  const data = takesText(subcode) ? shutdownData(text) : new Uint8Array();
  if (negotiated?.gracefulRestart?.notification !== true || !finalCeases.has(subcode)) return notification(errorCode.cease, subcode, data);
  return notification(errorCode.cease, ceaseSubcode.hardReset, Uint8Array.of(errorCode.cease, subcode, ...data));
}

/** Finite State Machine Error with the subcode of the state (RFC 6608). */
export function fsmError(state: State): NotificationMessage {
  const subcodes: Readonly<Record<State, number>> = { Idle: 0, Connect: 0, Active: 0, OpenSent: 1, OpenConfirm: 2, Established: 3 };
  return notification(errorCode.finiteStateMachine, subcodes[state]);
}

/** A NOTIFICATION in words, e.g. `Cease, Administrative Shutdown (6/2): "maintenance"`. Safe to print, whatever a router sent. */
export function describeNotification(message: NotificationMessage): string {
  const { code, subcode } = message;
  const names = notificationNames[code];
  const name = [names?.name ?? 'unknown error', names?.subcodes[subcode]].filter((part) => part !== undefined).join(', ');
  const details = detailsOf(message);
  return `${name} (${code}/${subcode})${details === '' ? '' : `: ${details}`}`;
}

/** What the data field says, where we can read it. */
function detailsOf({ code, subcode, data }: NotificationMessage): string {
  if (code !== errorCode.cease) return '';
  if (takesText(subcode)) {
    const text = readShutdownText(data);
    return text === '' ? '' : `"${text}"`;
  }
  const [first, second] = data;
  if (subcode === ceaseSubcode.hardReset && first !== undefined && second !== undefined) {
    // RFC 8538 §3.1: the real one. A hard reset in a hard reset has no meaning, so this ends after one step.
    const real = notification(first, second, data.subarray(2));
    return first === errorCode.cease && second === ceaseSubcode.hardReset ? '' : describeNotification(real);
  }
  return subcode === ceaseSubcode.maximumPrefixes ? prefixBound(data) : '';
}

/** RFC 4486 §4: AFI (2), SAFI (1) and the most prefixes that the router takes (4). */
function prefixBound(data: Uint8Array): string {
  if (data.length < 7) return '';
  const view = new DataView(data.buffer, data.byteOffset);
  const family = familyOf(view.getUint16(0), view.getUint8(2)) ?? `AFI ${view.getUint16(0)} SAFI ${view.getUint8(2)}`;
  return `at most ${view.getUint32(3)} of ${family}`;
}

const takesText = (subcode: number): boolean =>
  subcode === ceaseSubcode.administrativeShutdown || subcode === ceaseSubcode.administrativeReset;
