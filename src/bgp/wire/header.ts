import { err, ok, type Result } from '#runtime/result.ts';
import { type DecodeError, headerError } from './errors.ts';
import { errorSubcode, messageType } from './iana.ts';
import { limits } from './limits.ts';
import { Reader } from './reader.ts';
import { Writer } from './writer.ts';

/** What the fixed header says (RFC 4271 §4.1). */
export type Header = {
  /** Octets of the whole message, header included. */
  readonly length: number;
  /** One of `messageType`. */
  readonly type: number;
};

type Bounds = { readonly name: string; readonly min: number; readonly max: number };

/** RFC 4271 §6.1, RFC 8654 §4: shortest and longest message of each type, whatever the session agreed on. A ROUTE-REFRESH says its subtype in 22 octets: decides what error its length is. */
const boundsOf: Readonly<Record<number, Bounds>> = {
  [messageType.open]: { name: 'OPEN', min: 29, max: limits.messageOctets },
  [messageType.update]: { name: 'UPDATE', min: 23, max: limits.extendedMessageOctets },
  [messageType.notification]: { name: 'NOTIFICATION', min: 21, max: limits.extendedMessageOctets },
  [messageType.keepalive]: { name: 'KEEPALIVE', min: limits.headerOctets, max: limits.headerOctets },
  [messageType.routeRefresh]: { name: 'ROUTE-REFRESH', min: 22, max: limits.extendedMessageOctets },
};

/** Checks the first 19 octets of a message, in the order of RFC 4271 §6.1, and gives each error the data that it asks for. */
export function decodeHeader(bytes: Uint8Array, maxMessageLength: number): Result<Header, DecodeError> {
  const reader = new Reader(bytes);
  if (reader.take(16).some((octet) => octet !== 0xff)) {
    return err(
      headerError(errorSubcode.connectionNotSynchronized, new Uint8Array(), 'message header: the marker is not all ones: is this BGP?'),
    );
  }
  const length = reader.u16();
  const type = reader.u8();
  if (length < limits.headerOctets || length > maxMessageLength) {
    return err(badLength(length, `message header: length ${length} is not from ${limits.headerOctets} to ${maxMessageLength}`));
  }
  const bounds = boundsOf[type];
  if (bounds === undefined) {
    return err(headerError(errorSubcode.badMessageType, Uint8Array.of(type), `message header: type ${type} is none of BGP's`));
  }
  if (length < bounds.min || length > bounds.max) {
    return err(
      badLength(length, `${bounds.name}: length ${length} is not from ${bounds.min} to ${Math.min(bounds.max, maxMessageLength)}`),
    );
  }
  return ok({ length, type });
}

/** Bad Message Length, whose data is the length. */
export const badLength = (length: number, message: string): DecodeError =>
  headerError(errorSubcode.badMessageLength, Uint8Array.of(length >> 8, length & 0xff), message);

/** Puts the header before a message's body. */
export const withHeader = (type: number, body: Uint8Array): Uint8Array =>
  new Writer()
    .bytes(new Uint8Array(16).fill(0xff))
    .u16(limits.headerOctets + body.length)
    .u8(type)
    .bytes(body)
    .finish();
