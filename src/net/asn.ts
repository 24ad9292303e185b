import { err, ok, type Result } from '#runtime/result.ts';
import type { ParseError } from './ip-address.ts';

/** An autonomous system number, 1–4294967295. 0 is reserved and never valid in use (RFC 7607). */
export type Asn = number;

/** What a four-octet ASN looks like to a speaker that knows only two octets (RFC 6793 §9). */
export const asTrans: Asn = 23456;

/** The largest ASN, RFC 6793. */
export const maxAsn: Asn = 4_294_967_295;

/** Parses asplain, `64512` (RFC 5396). Refuses 0 and 4294967295, which are reserved (RFC 7607, RFC 7300). */
export function parseAsn(text: string): Result<Asn, ParseError> {
  const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= 1 && value < maxAsn)) return err(`"${text}" is not an AS number from 1 to 4294967294`);
  return ok(value);
}
