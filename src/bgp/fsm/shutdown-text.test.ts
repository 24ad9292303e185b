import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeShutdownText, printable, readShutdownText, shutdownData } from './shutdown-text.ts';

describe('the text of a Cease', () => {
  it('is one octet of length and the text', () => {
    expect([...shutdownData('ok')]).toEqual([2, 0x6f, 0x6b]);
  });

  it('is left out where there is none', () => {
    expect(shutdownData(undefined)).toEqual(new Uint8Array());
    expect(shutdownData('')).toEqual(new Uint8Array());
  });

  it('is cut between code points at 128 octets', () => {
    expect(encodeShutdownText('a'.repeat(200))).toHaveLength(128);
    // 127 octets and a character of three: the character does not fit.
    expect(encodeShutdownText(`${'a'.repeat(127)}€`)).toHaveLength(127);
    expect(encodeShutdownText(`${'a'.repeat(124)}🛰`)).toHaveLength(128);
  });

  it('comes back as it was sent, whatever it is, cut at most', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 60 }), (text) => {
        const read = readShutdownText(shutdownData(text));
        expect(printable(text).startsWith(read)).toBe(true);
      }),
    );
  });

  it('is not read beyond its length, nor when the length is wrong', () => {
    expect(readShutdownText(Uint8Array.of(2, 0x6f, 0x6b, 0x21))).toBe('ok');
    expect(readShutdownText(Uint8Array.of(3, 0x6f, 0x6b))).toBe('');
    expect(readShutdownText(new Uint8Array())).toBe('');
  });

  it('cannot forge a log line', () => {
    expect(readShutdownText(shutdownData('bye\n{"level":"error"}\u001b[2J\u2028x'))).toBe('bye?{"level":"error"}?[2J?x');
  });
});
