import { describe, expect, it } from 'vitest';
import { hardReset, reasonOfHardReset } from './hard-reset.ts';
import type { NotificationMessage } from './messages.ts';
import { hex } from './testing/builders.ts';

const shutdown: NotificationMessage = { kind: 'notification', code: 6, subcode: 2, data: hex('02 6f6b') };

describe('a Hard Reset (RFC 8538 §3.1)', () => {
  it('is a Cease that has the reason in its data', () => {
    expect(hardReset(shutdown)).toEqual({ kind: 'notification', code: 6, subcode: 9, data: hex('06 02 02 6f6b') });
  });

  it('gives its reason back', () => {
    expect(reasonOfHardReset(hardReset(shutdown))).toEqual(shutdown);
    expect(reasonOfHardReset({ ...shutdown, subcode: 9, data: hex('04 00') })).toMatchObject({ code: 4, subcode: 0 });
  });

  it.each([
    ['another Cease', shutdown],
    ['another code with subcode 9', { ...shutdown, code: 3, subcode: 9 }],
    ['a Hard Reset without data', { ...shutdown, subcode: 9, data: hex('') }],
    ['a Hard Reset with half a reason', { ...shutdown, subcode: 9, data: hex('06') }],
  ])('%s gives no reason', (_, message) => {
    expect(reasonOfHardReset(message)).toBeUndefined();
  });
});
