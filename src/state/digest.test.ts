import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Digest, digestOf, entryHash } from './digest.ts';
import type { EncodedEntry } from './entry.ts';

const entry = fc.record({ key: fc.string(), bytes: fc.uint8Array({ maxLength: 40 }) });
const text = (value: string): Uint8Array => new TextEncoder().encode(value);

describe('the digest of a set of entries', () => {
  it('does not depend on their order', () => {
    fc.assert(
      fc.property(fc.array(entry), (entries) => {
        expect(digestOf(entries.toReversed())).toBe(digestOf(entries));
      }),
    );
  });

  it('is the same whether entries came and went or were never there', () => {
    fc.assert(
      fc.property(fc.array(entry), fc.array(entry), (stay, go) => {
        const digest = new Digest();
        for (const item of [...go, ...stay]) digest.add(entryHash(item));
        for (const item of go) digest.remove(entryHash(item));
        expect(digest.toString()).toBe(digestOf(stay));
      }),
    );
  });

  it('has 16 hexadecimal digits, zeros for nothing', () => {
    expect(new Digest().toString()).toBe('0000000000000000');
    fc.assert(
      fc.property(fc.array(entry), (entries) => {
        expect(digestOf(entries)).toMatch(/^[0-9a-f]{16}$/);
      }),
    );
  });

  it('wraps around below zero and above its largest', () => {
    const digest = new Digest();
    digest.remove('0000000000000001');
    expect(digest.toString()).toBe('ffffffffffffffff');
    digest.add('0000000000000002');
    expect(digest.toString()).toBe('0000000000000001');
  });

  it('has copies that go their own way', () => {
    const digest = new Digest();
    digest.add('0000000000000007');
    const copy = digest.copy();
    copy.add('0000000000000001');
    expect([digest.toString(), copy.toString()]).toEqual(['0000000000000007', '0000000000000008']);
  });

  it('keeps key and bytes apart', () => {
    const one: EncodedEntry = { key: 'route/a', bytes: text('b') };
    const other: EncodedEntry = { key: 'route/', bytes: text('ab') };
    expect(entryHash(one)).not.toBe(entryHash(other));
  });

  it('is the first 64 bits of SHA-256 over key, zero and bytes', () => {
    // printf 'node\0abc' | sha256sum
    expect(entryHash({ key: 'node', bytes: text('abc') })).toBe('8487b8ec3083b78f');
  });
});
