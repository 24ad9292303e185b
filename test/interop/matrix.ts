import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, it } from 'vitest';
import type { RouterDriver } from '../support/routers/router.ts';
import { Scope } from '../support/scope.ts';
import { cannot, open } from './cannot.ts';
import { capabilities } from './capabilities/table.ts';
import { type Lab, startLab } from './lab.ts';
import type { Cell, Seen } from './seen.ts';

/** Where a run leaves what it saw, for tools/interop-docs.ts. */
const seenFolder = join(import.meta.dirname, '../../.test-results/interop');

/** Tries every capability with a router, one after another: each begins with all sessions up. */
export function describeRouter(driver: RouterDriver): void {
  const scope = new Scope();
  const cells = new Map<string, Cell>();
  let lab: Lab;

  describe(`our speaker and ${driver.name}`, () => {
    beforeAll(async () => {
      lab = await startLab(scope, driver);
    });
    afterAll(async () => {
      await scope.close();
      const rows = capabilities.map(({ id, title }) => ({ id, title, cell: cells.get(id) ?? ({ outcome: 'fails' } as const) }));
      const passive = lab.nodes.some(({ dials }) => dials === 'router');
      const seen: Seen = { router: driver.name, version: await driver.version(), passive, rows };
      mkdirSync(seenFolder, { recursive: true });
      writeFileSync(join(seenFolder, `${driver.name}.json`), `${JSON.stringify(seen, null, 2)}\n`);
    });

    for (const { id, title, secured, check } of capabilities) {
      const why = cannot[driver.name]?.[id];
      const openBecause = open[driver.name]?.[id];
      it(title, async (context) => {
        if (why !== undefined) {
          cells.set(id, { outcome: 'cannot', why });
          context.skip(why);
        }
        if (openBecause !== undefined) {
          cells.set(id, { outcome: 'open', why: openBecause });
          context.skip(openBecause);
        }
        await lab.baseline(secured);
        const seen = await check(lab);
        cells.set(id, { outcome: 'works', seen: seen ?? '' });
      });
    }
  });
}
