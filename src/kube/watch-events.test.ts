import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { limits } from './limits.ts';
import { WatchDecoder } from './watch-events.ts';

const line = (name: string): string => `${JSON.stringify({ type: 'ADDED', object: { metadata: { name } } })}\n`;

describe('the decoder of watches', () => {
  it('finds the same events however the bytes are cut', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'grapheme' }), { maxLength: 8 }), fc.array(fc.nat(), { maxLength: 20 }), (names, cuts) => {
        const bytes = Buffer.from(names.map(line).join(''));
        const decoder = new WatchDecoder();
        const found: unknown[] = [];
        const ends = [...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
        let start = 0;
        for (const end of ends) {
          for (const event of decoder.push(bytes.subarray(start, end))) found.push(event);
          start = end;
        }
        expect(found).toEqual(names.map((name) => ({ ok: true, value: { type: 'ADDED', object: { metadata: { name } } } })));
      }),
    );
  });

  it.each(['not JSON', 'null', '7', '{}', '{"type":"ADDED"}', '{"type":"ADDED","object":null}', '{"type":7,"object":{"metadata":{}}}'])(
    'says that %s is no event',
    (text) => {
      expect([...new WatchDecoder().push(Buffer.from(`${text}\n`))]).toEqual([{ ok: false, error: 'unreadable' }]);
    },
  );

  it('refuses a line that is too long, whether its end has come or not', () => {
    const long = Buffer.alloc(limits.eventBytes + 1, 'x');
    expect([...new WatchDecoder().push(long)]).toEqual([{ ok: false, error: 'too long' }]);
    const decoder = new WatchDecoder();
    const half = Buffer.alloc(limits.eventBytes / 2 + 1, 'x');
    expect([...decoder.push(half)]).toEqual([]);
    expect([...decoder.push(Buffer.concat([half, Buffer.from('\n')]))]).toEqual([{ ok: false, error: 'too long' }]);
  });
});
