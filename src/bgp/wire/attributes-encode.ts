import { type AttributeRow, attributeTable, type OutgoingAttributes } from './attribute-table.ts';
import type { EncodeContext } from './negotiated.ts';
import { Writer } from './writer.ts';

/** RFC 4271 §4.3: bits of the attribute flags. The lower four are to be ignored. */
export const flagBits = { optional: 0x80, transitive: 0x40, partial: 0x20, extendedLength: 0x10 } as const;

/** The Optional and Transitive bits of the kinds of attributes. */
export const flagsOf: Readonly<Record<AttributeRow['flags'], number>> = {
  wellKnown: flagBits.transitive,
  optionalTransitive: flagBits.optional | flagBits.transitive,
  optionalNonTransitive: flagBits.optional,
};

/** The attributes that stand beside routes, in ascending order of their codes; those that we don't know come last. */
export function encodeAttributes(attributes: OutgoingAttributes, context: EncodeContext): Uint8Array {
  const writer = new Writer();
  for (const row of attributeTable) {
    const value = row.encode?.(attributes, context);
    if (value !== undefined) writeAttribute(writer, flagsOf[row.flags], row.code, value);
  }
  for (const { code, value } of attributes.unknown ?? []) {
    // RFC 4271 §5: Partial says that a speaker on the way did not know it.
    writeAttribute(writer, flagsOf.optionalTransitive | flagBits.partial, code, value);
  }
  return writer.finish();
}

/** One attribute; its length takes two octets where one is not enough. */
export function writeAttribute(writer: Writer, flags: number, code: number, value: Uint8Array): void {
  if (value.length > 0xff)
    writer
      .u8(flags | flagBits.extendedLength)
      .u8(code)
      .u16(value.length);
  else writer.u8(flags).u8(code).u8(value.length);
  writer.bytes(value);
}
