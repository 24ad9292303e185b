import { err, ok, type Result } from '#runtime/result.ts';
import { type AttributeRow, attributeTable, type RawAttributes } from './attribute-table.ts';
import { flagBits, flagsOf } from './attributes-encode.ts';
import { type AttributeFault, type AttributeVerdict, type DecodeError, type Malformed, updateError } from './errors.ts';
import { attributeCode, errorSubcode } from './iana.ts';
import type { UnknownAttribute } from './messages.ts';
import { familyIn, foreign } from './mp-attributes.ts';
import type { DecodeContext } from './negotiated.ts';
import { Reader } from './reader.ts';

/** Attributes as read, and what was wrong with them but does not end the session. */
export type DecodedAttributes = {
  readonly raw: RawAttributes;
  /** Codes of all attributes that are there, also of those that were left out. */
  readonly codes: ReadonlySet<number>;
  readonly faults: readonly AttributeFault[];
};

/** One attribute as it stands in the message. */
type Tlv = {
  readonly flags: number;
  readonly code: number;
  readonly value: Uint8Array;
  /** A copy of flags, code, length and value. Few are asked for it. */
  readonly whole: () => Uint8Array;
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
    const start = field.length - reader.remaining;
    const tlv = readTlv(field, reader);
    if (tlv === undefined) {
      // Where the attributes end is still known, from the length of them all.
      const message = 'an attribute is longer than what is left of the attributes';
      faults.push({ verdict: 'withdraw', code: undefined, message, clause: 'RFC 7606 §4', attribute: field.slice(start) });
      break;
    }
    const read = seen.has(tlv.code) ? readRepeated(tlv) : readAttribute(tlv, context, unknown);
    seen.add(tlv.code);
    if ('error' in read) return err(read.error);
    if ('fault' in read) faults.push(read.fault);
    else Object.assign(raw, read.part);
  }
  return ok({ raw: unknown.length === 0 ? raw : { ...raw, unknown }, codes: seen, faults });
}

function readTlv(field: Uint8Array, reader: Reader): Tlv | undefined {
  const start = field.length - reader.remaining;
  const flags = reader.u8();
  const code = reader.u8();
  const value = reader.take((flags & flagBits.extendedLength) === 0 ? reader.u8() : reader.u16());
  if (reader.failed) return undefined;
  const end = field.length - reader.remaining;
  return { flags, code, value, whole: () => field.slice(start, end) };
}

/** The first counts, unless they carry routes. */
function readRepeated(tlv: Tlv): Read {
  const { code, whole } = tlv;
  const message = `${rows.get(code)?.name ?? `attribute ${code}`} appears twice`;
  const clause = 'RFC 7606 §3.g';
  if (rows.get(code)?.carriesRoutes) return { error: updateError(errorSubcode.malformedAttributeList, message, clause, whole()) };
  return fault(tlv, 'discard', { message, clause });
}

function readAttribute(tlv: Tlv, context: DecodeContext, unknown: UnknownAttribute[]): Read {
  const row = rows.get(tlv.code);
  if (row === undefined) return readUnknown(tlv, unknown);
  const { clause } = row;
  if (!mayCome(row, context)) return fault(tlv, 'discard', { message: `${row.name} is not to be sent on this kind of session`, clause });
  if ((tlv.flags & flagsOf.optionalTransitive) !== flagsOf[row.flags]) {
    const message = `has flags 0x${tlv.flags.toString(16).padStart(2, '0')}`;
    if (row.carriesRoutes) return malformedRoutes(row, tlv, { message, clause: 'RFC 7606 §5.3' });
    return malformed(row, tlv, { message, clause: 'RFC 7606 §3.c', verdict: 'withdraw' });
  }
  const decoded = row.fits(tlv.value.length, context)
    ? row.decode(tlv.value, context)
    : err({ message: `has ${tlv.value.length} octets` } satisfies Malformed);
  if (decoded.ok) return { part: decoded.value };
  return row.carriesRoutes ? malformedRoutes(row, tlv, decoded.error) : malformed(row, tlv, decoded.error);
}

function malformed(row: AttributeRow, tlv: Tlv, { message, verdict = row.malformed, clause = row.clause }: Malformed): Read {
  return fault(tlv, verdict, { message: `${row.name} ${message}`, clause });
}

/**
 * Routes that can't be read end their family, and nothing else (RFC 4760 §7, RFC 7606 §3.j); which family that is must be known
 * for it. One that we don't carry can't be harmed.
 */
function malformedRoutes(row: AttributeRow, tlv: Tlv, problem: Malformed): Read {
  const family = familyIn(tlv.value);
  const message = `${row.name} ${problem.message}`;
  if (family === 'none') return { error: updateError(errorSubcode.optionalAttributeError, message, row.clause, tlv.whole()) };
  if (family === 'foreign') return { part: row.code === attributeCode.mpReach ? { mpReach: foreign } : { mpUnreach: foreign } };
  const { fault: broken } = fault(tlv, row.malformed, { message, clause: problem.clause ?? row.clause });
  return { fault: { ...broken, family } };
}

/** RFC 4271 §5: optional ones are kept if transitive, and ignored if not. */
function readUnknown(tlv: Tlv, unknown: UnknownAttribute[]): Read {
  const { flags, code, value } = tlv;
  if ((flags & flagBits.optional) === 0) {
    // RFC 4271 §6.3 would end the session. RFC 7606 leaves this case out; we withdraw, as BIRD and FRR do, rather than let one
    // route from afar take all others with it.
    return fault(tlv, 'withdraw', { message: `attribute ${code} claims to be well-known and is not known`, clause: 'RFC 4271 §6.3' });
  }
  if ((flags & flagBits.transitive) !== 0) unknown.push({ code, value: value.slice() });
  return { part: {} };
}

function mayCome({ from }: AttributeRow, { peerType, fourOctetAsn }: DecodeContext): boolean {
  if (from === 'ibgp') return peerType === 'ibgp';
  return from === 'anyone' || !fourOctetAsn;
}

const fault = (
  { code, whole }: Tlv,
  verdict: AttributeVerdict,
  { message, clause }: { readonly message: string; readonly clause: string },
): { readonly fault: AttributeFault } => ({ fault: { verdict, code, message, clause, attribute: whole() } });
