import type { AddressFamily } from '#net/ip-address.ts';
import { errorCode, errorSubcode } from './iana.ts';
import type { NotificationMessage } from './messages.ts';

/** Why a message can't be used and the session has to end. */
export type DecodeError = {
  /** The answer to the router. */
  readonly notification: NotificationMessage;
  /** What is wrong, a sentence for a person; names the message, the field and the value. */
  readonly message: string;
  /** The rule that says so, e.g. `RFC 4271 §6.2`. */
  readonly clause: string;
  /** The message as it came, header included, where it is an UPDATE: for the log that RFC 7606 §6 asks for. */
  readonly bytes?: Uint8Array;
};

/**
 * What RFC 7606 §2 does about a malformed attribute, weakest first: the attribute is dropped; its routes are treated as
 * withdrawn; the family is over for this session. What ends the session is no fault but a {@link DecodeError}. Where an UPDATE has
 * several faults the strongest counts. Where the RFC leaves the choice between the last two, we take the weaker: what one family
 * has wrong hurts no other.
 */
export type AttributeVerdict = 'discard' | 'withdraw' | 'disableFamily';

/** Why a value of the right length is malformed. */
export type Malformed = {
  /** Part of a sentence that begins with the attribute's name. */
  readonly message: string;
  /** Where they differ from the attribute's row in the table. */
  readonly verdict?: AttributeVerdict;
  readonly clause?: string;
};

/** Something wrong in an UPDATE, for the log that RFC 7606 §6 asks for. */
export type AttributeFault = {
  readonly verdict: AttributeVerdict;
  /** Attribute type code, or undefined where no attribute could be told. */
  readonly code: number | undefined;
  /** What is wrong, a sentence that names the attribute and the value. */
  readonly message: string;
  /** The rule that says so, e.g. `RFC 7606 §7.8`. With `code` it tells one kind of fault from others. */
  readonly clause: string;
  /** The family that is over, where the verdict is `disableFamily`. */
  readonly family?: AddressFamily;
  /** The attribute as it came: flags, code, length, value. None where it is missing or could not be told. */
  readonly attribute: Uint8Array;
};

const noData = new Uint8Array();

/** A NOTIFICATION as a value. */
export const notification = (code: number, subcode: number, data: Uint8Array = noData): NotificationMessage => ({
  kind: 'notification',
  code,
  subcode,
  data,
});

/** An error of RFC 4271 §6.1, with the data that it prescribes. */
export const headerError = (subcode: number, data: Uint8Array, message: string): DecodeError => ({
  notification: notification(errorCode.messageHeader, subcode, data),
  message,
  clause: 'RFC 4271 §6.1',
});

/** An error of RFC 4271 §6.2. */
export const openError = (subcode: number, message: string, data: Uint8Array = noData): DecodeError => ({
  notification: notification(errorCode.open, subcode, data),
  message: `OPEN: ${message}`,
  clause: 'RFC 4271 §6.2',
});

/** An error of RFC 4271 §6.3 after which the session can't go on. Errors of one attribute carry it whole. */
export const updateError = (subcode: number, message: string, clause: string, attribute: Uint8Array = noData): DecodeError => ({
  notification: notification(errorCode.update, subcode, attribute),
  message: `UPDATE: ${message}`,
  clause,
});

/** ROUTE-REFRESH Message Error (RFC 7313 §5): the data is the whole message. */
export const refreshError = (frame: Uint8Array, message: string): DecodeError => ({
  notification: notification(errorCode.routeRefresh, errorSubcode.refreshInvalidLength, frame.slice()),
  message: `ROUTE-REFRESH: ${message}`,
  clause: 'RFC 7313 §5',
});
