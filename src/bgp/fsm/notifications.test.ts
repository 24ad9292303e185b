import { describe, expect, it } from 'vitest';
import { cease, describeNotification, fsmError } from './notifications.ts';
import { aNotification } from './testing/builders.ts';

describe('our NOTIFICATIONs', () => {
  it('carry text in a shutdown and a reset only', () => {
    expect(cease({ subcode: 2, text: 'x' }).data).toEqual(Uint8Array.of(1, 0x78));
    expect(cease({ subcode: 4, text: 'x' }).data).toEqual(Uint8Array.of(1, 0x78));
    expect(cease({ subcode: 6, text: 'x' }).data).toEqual(new Uint8Array());
  });

  it('name the state in a Finite State Machine Error', () => {
    expect([fsmError('OpenSent'), fsmError('OpenConfirm'), fsmError('Established')].map((sent) => sent.subcode)).toEqual([1, 2, 3]);
  });
});

describe('a NOTIFICATION in words', () => {
  it('has the names of code and subcode', () => {
    expect(describeNotification(aNotification({ code: 4, subcode: 0 }))).toBe('Hold Timer Expired (4/0)');
    expect(describeNotification(aNotification({ code: 2, subcode: 6 }))).toBe('OPEN Message Error, Unacceptable Hold Time (2/6)');
  });

  it('keeps the numbers of what nobody knows', () => {
    expect(describeNotification(aNotification({ code: 99, subcode: 3 }))).toBe('unknown error (99/3)');
    expect(describeNotification(aNotification({ code: 6, subcode: 200 }))).toBe('Cease (6/200)');
  });

  it('has the text of a shutdown, and no text elsewhere', () => {
    const data = Uint8Array.of(2, 0x6f, 0x6b);
    expect(describeNotification(aNotification({ subcode: 4, data }))).toBe('Cease, Administrative Reset (6/4): "ok"');
    expect(describeNotification(aNotification({ subcode: 7, data }))).toBe('Cease, Connection Collision Resolution (6/7)');
  });
});
