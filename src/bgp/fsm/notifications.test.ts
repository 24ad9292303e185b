import { describe, expect, it } from 'vitest';
import { cease, describeNotification, fsmError } from './notifications.ts';
import { aNotification } from './testing/builders.ts';
import { sessionIn } from './testing/machine.ts';

const { negotiated } = sessionIn('Established');
if (negotiated === undefined) throw new Error('an Established session has negotiated');

describe('our NOTIFICATIONs', () => {
  it('carry text in a shutdown and a reset only', () => {
    expect(cease({ subcode: 2, text: 'x' }, undefined).data).toEqual(Uint8Array.of(1, 0x78));
    expect(cease({ subcode: 4, text: 'x' }, undefined).data).toEqual(Uint8Array.of(1, 0x78));
    expect(cease({ subcode: 6, text: 'x' }, undefined).data).toEqual(new Uint8Array());
  });

  it('go inside a Hard Reset where the router would keep our routes and nobody comes back', () => {
    const agreed = (notification: boolean) => ({ ...negotiated, gracefulRestart: { notification } });
    expect(cease({ subcode: 2, text: 'x' }, agreed(true))).toMatchObject({ code: 6, subcode: 9, data: Uint8Array.of(6, 2, 1, 0x78) });
    expect(cease({ subcode: 3 }, agreed(true))).toMatchObject({ subcode: 9, data: Uint8Array.of(6, 3) });
    expect(cease({ subcode: 10 }, agreed(true))).toMatchObject({ subcode: 9, data: Uint8Array.of(6, 10) });
    // The session comes back at once, or every NOTIFICATION ends the routes anyway.
    expect(cease({ subcode: 6 }, agreed(true))).toMatchObject({ subcode: 6 });
    expect(cease({ subcode: 2 }, agreed(false))).toMatchObject({ subcode: 2 });
    expect(cease({ subcode: 10 }, negotiated)).toMatchObject({ subcode: 10 });
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
    expect(describeNotification(aNotification({ subcode: 2 }))).toBe('Cease, Administrative Shutdown (6/2)');
    expect(describeNotification(aNotification({ subcode: 7, data }))).toBe('Cease, Connection Collision Resolution (6/7)');
  });

  it('shows the real one in a Hard Reset, once', () => {
    const hard = (...data: number[]) => describeNotification(aNotification({ subcode: 9, data: Uint8Array.from(data) }));
    expect(hard(6, 2, 2, 0x6f, 0x6b)).toBe('Cease, Hard Reset (6/9): Cease, Administrative Shutdown (6/2): "ok"');
    expect(hard(4, 0)).toBe('Cease, Hard Reset (6/9): Hold Timer Expired (4/0)');
    expect(hard(6, 9, 6, 9)).toBe('Cease, Hard Reset (6/9)');
    expect([hard(6), hard()]).toEqual(['Cease, Hard Reset (6/9)', 'Cease, Hard Reset (6/9)']);
  });

  it('has the bound of prefixes', () => {
    const bound = (...data: number[]) => describeNotification(aNotification({ subcode: 1, data: Uint8Array.from(data) }));
    expect(bound(0, 2, 1, 0, 0, 3, 232)).toContain('(6/1): at most 1000 of IPv6');
    expect(bound(0, 25, 70, 0, 0, 0, 5)).toContain('(6/1): at most 5 of AFI 25 SAFI 70');
    expect(bound(0, 1)).toBe('Cease, Maximum Number of Prefixes Reached (6/1)');
  });
});
