import { describe, expect, it } from 'vitest';
import { resolveCollision } from './collision.ts';

const low = { routerId: 1, asn: 64500 };
const high = { routerId: 2, asn: 64501 };
const ours = { state: 'OpenConfirm', initiatedByUs: true } as const;
const theirs = { state: 'OpenConfirm', initiatedByUs: false } as const;

describe('two connections with one router', () => {
  it('keep the one that the side with the higher BGP Identifier opened', () => {
    expect(resolveCollision(ours, theirs, high, low)).toBe('keepExisting');
    expect(resolveCollision(theirs, ours, high, low)).toBe('keepIncoming');
    expect(resolveCollision(ours, theirs, low, high)).toBe('keepIncoming');
    expect(resolveCollision(theirs, ours, low, high)).toBe('keepExisting');
  });

  it('let the higher AS decide between equal identifiers', () => {
    const sameId = { ...high, routerId: 1 };
    expect(resolveCollision(ours, theirs, sameId, low)).toBe('keepExisting');
    expect(resolveCollision(ours, theirs, low, sameId)).toBe('keepIncoming');
  });

  it('never replace an Established one', () => {
    expect(resolveCollision({ ...ours, state: 'Established' }, theirs, low, high)).toBe('keepExisting');
  });

  it('keep the older where one side opened both', () => {
    expect(resolveCollision(theirs, theirs, low, high)).toBe('keepExisting');
  });
});
