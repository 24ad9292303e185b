import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type Recorded, type RecordedAt, recordingLine } from './recording.ts';
import { replay } from './testing/replay.ts';
import { TwoSpeakers } from './testing/two-speakers.ts';
import { routes } from './testing/world.ts';

const folder = new URL('./testing/recordings/', import.meta.url);
const linesOf = (name: string): string[] => readFileSync(new URL(name, folder), 'utf8').trim().split('\n');

describe('a recording', () => {
  for (const name of readdirSync(folder)) {
    it(`replays: ${name}`, () => {
      const connections = replay(linesOf(name));
      expect(connections.length).toBeGreaterThan(0);
      for (const { name: connection, recorded, replayed } of connections) {
        expect({ connection, outputs: replayed }).toEqual({ connection, outputs: recorded });
      }
    });
  }

  it('of sessions that collide, break and come back replays, whatever order its bytes came in', async () => {
    for (let seed = 1; seed <= 20; seed++) {
      const lines: string[] = [];
      const record = (recorded: RecordedAt & Recorded): void => {
        lines.push(recordingLine(recorded));
      };
      const side = { settings: { delayOpenMs: seed % 3 === 0 ? 500 : 0 }, surroundings: { record } };
      const two = await TwoSpeakers.create({ seed, maxDelayMs: 200, first: side });
      two.sides[0].peer.change([], routes('192.0.2.53/32'));
      two.start();
      two.clock.advance(seed * 100);
      two.reset();
      two.clock.advance(60_000);
      void two.sides[0].peer.stop({ how: 'withdraw', text: 'done' });
      await two.clock.advanceAsync(10_000);
      for (const { recorded, replayed } of replay(lines)) expect(replayed).toEqual(recorded);
      expect(lines.some((line) => line.includes('"Established"'))).toBe(true);
    }
  });

  it('that a machine of today would not make is told', () => {
    const [name] = readdirSync(folder);
    const lines = linesOf(name ?? '').map((line) => line.replace('"holdTimeMs":9000', '"holdTimeMs":30000'));
    expect(replay(lines).some(({ recorded, replayed }) => recorded.join() !== replayed.join())).toBe(true);
  });

  it('is read as it was written', () => {
    const recorded = { ms: 1.5, peer: 'tor', connection: 1, event: 'received', bytes: Uint8Array.of(1, 255) } as const;
    expect(recordingLine(recorded)).toBe('{"ms":1.5,"peer":"tor","connection":1,"event":"received","bytes":"01ff"}');
  });
});
