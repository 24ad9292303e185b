import { err, ok, type Result } from '#runtime/result.ts';
import { type AttributeRow, attributeTable, type RawAttributes } from './attribute-table.ts';
import { flagBits, flagsOf } from './attributes-encode.ts';
import { type AttributeFault, type AttributeVerdict, type DecodeError, updateError } from './errors.ts';
import { errorSubcode } from './iana.ts';
import type { UnknownAttribute } from './messages.ts';
import type { DecodeContext } from './negotiated.ts';
import { Reader } from './reader.ts';

/** Attributes as read, and what was wrong with them but does not end the session. */
export type DecodedAttributes = {
  readonly raw: RawAttributes;
  readonly faults: readonly AttributeFault[];
};

/** One attribute as it stands in the message. */
type Tlv = {
  readonly flags: number;
  readonly code: number;
  readonly value: Uint8Array;
  /** Flags, code, length and value. */
  readonly whole: Uint8Array;
};

/** What became of an attribute: a part of the result, something wrong that leaves the session up, or its end. */
type Read = { readonly part: RawAttributes } | { readonly fault: AttributeFault } | { readonly error: DecodeError };

const rows: ReadonlyMap<number, AttributeRow> = new Map(attributeTable.map((row) => [row.code, row]));

/** Reads the Path Attributes field of an UPDATE, and judges each attribute by its row of the table (RFC 7606 §3). */
export function decodeAttributes(field: Uint8Array, context: DecodeContext): Result<DecodedAttributes, DecodeError> {
  const raw: RawAttributes = {};
  const unknown: UnknownAttribute[] = [];
  const faults: AttributeFault[] = [];
  const seen = new Set<number>();
  const reader = new Reader(field);
  while (reader.remaining > 0) {
    const tlv = readTlv(field, reader);
    if (tlv === undefined) {
      // RFC 7606 §4: where the attributes end is still known, from the length of them all.
      faults.push(fault('withdraw', undefined, 'an attribute is longer than what is left of the attributes'));
      break;
    }
    const read = seen.has(tlv.code) ? readRepeated(tlv) : readAttribute(tlv, context, unknown);
    seen.add(tlv.code);
    if ('error' in read) return err(read.error);
    if ('fault' in read) faults.push(read.fault);
    else Object.assign(raw, read.part);
  }
  return ok({ raw: unknown.length === 0 ? raw : { ...raw, unknown }, faults });
}

function readTlv(field: Uint8Array, reader: Reader): Tlv | undefined {
  const start = field.length - reader.remaining;
  const flags = reader.u8();
  const code = reader.u8();
  const value = reader.take((flags & flagBits.extendedLength) === 0 ? reader.u8() : reader.u16());
  if (reader.failed) return undefined;
  return { flags, code, value, whole: field.subarray(start, field.length - reader.remaining) };
}

/** RFC 7606 §3.g: the first counts, unless they carry routes. */
function readRepeated({ code, whole }: Tlv): Read {
  const row = rows.get(code);
  const message = `${nameOf(code)} appears twice`;
  if (row?.carriesRoutes) return { error: updateError(errorSubcode.malformedAttributeList, message, whole) };
  return { fault: fault('discard', code, message) };
}

function readAttribute(tlv: Tlv, context: DecodeContext, unknown: UnknownAttribute[]): Read {
  const row = rows.get(tlv.code);
  if (row === undefined) return readUnknown(tlv, unknown);
  if (!mayCome(row, context)) return { fault: fault('discard', row.code, `${row.name} is not to be sent on this kind of session`) };
  if ((tlv.flags & flagsOf.optionalTransitive) !== flagsOf[row.flags]) {
    const message = `${row.name} has flags 0x${tlv.flags.toString(16).padStart(2, '0')}`;
    if (row.carriesRoutes) return { error: updateError(errorSubcode.attributeFlagsError, message, tlv.whole) };
    return { fault: fault('withdraw', row.code, message) }; // RFC 7606 §3.c
  }
  if (!row.fits(tlv.value.length, context)) return malformed(row, tlv, `has ${tlv.value.length} octets`);
  const decoded = row.decode(tlv.value, context);
  return decoded.ok ? { part: decoded.value } : malformed(row, tlv, decoded.error.message, decoded.error.verdict);
}

function malformed(row: AttributeRow, { whole }: Tlv, problem: string, verdict: AttributeVerdict = row.malformed): Read {
  const message = `${row.name} ${problem}`;
  if (verdict === 'reset') return { error: updateError(errorSubcode.optionalAttributeError, message, whole) };
  return { fault: fault(verdict, row.code, message) };
}

/** RFC 4271 §5: optional ones are kept if transitive, and ignored if not. */
function readUnknown({ flags, code, value }: Tlv, unknown: UnknownAttribute[]): Read {
  if ((flags & flagBits.optional) === 0) {
    // RFC 4271 §6.3 would end the session. RFC 7606 leaves this case out; we withdraw, as BIRD and FRR do, rather than let one
    // route from afar take all others with it.
    return { fault: fault('withdraw', code, `attribute ${code} claims to be well-known and is not known`) };
  }
  if ((flags & flagBits.transitive) !== 0) unknown.push({ code, value: value.slice() });
  return { part: {} };
}

function mayCome({ from }: AttributeRow, { peerType, fourOctetAsn }: DecodeContext): boolean {
  if (from === 'ibgp') return peerType === 'ibgp';
  return from === 'anyone' || !fourOctetAsn;
}

const nameOf = (code: number): string => rows.get(code)?.name ?? `attribute ${code}`;

const fault = (verdict: AttributeVerdict, code: number | undefined, message: string): AttributeFault => ({ verdict, code, message });
