import { notification } from './errors.ts';
import { ceaseSubcode, errorCode } from './iana.ts';
import type { NotificationMessage } from './messages.ts';

/** RFC 8538 §3.1: a NOTIFICATION that ends the session for good, though graceful restart was agreed on; its data says the real reason. */
export const hardReset = ({ code, subcode, data }: NotificationMessage): NotificationMessage =>
  notification(errorCode.cease, ceaseSubcode.hardReset, Uint8Array.of(code, subcode, ...data));

/** The reason inside a Hard Reset; undefined for any other NOTIFICATION, and for a Hard Reset that says none. */
export function reasonOfHardReset({ code, subcode, data }: NotificationMessage): NotificationMessage | undefined {
  const [realCode, realSubcode] = data;
  const isHardReset = code === errorCode.cease && subcode === ceaseSubcode.hardReset;
  if (!isHardReset || realCode === undefined || realSubcode === undefined) return undefined;
  return notification(realCode, realSubcode, data.slice(2));
}
