import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, it } from 'vitest';
import type { RouterDriver } from '../support/routers/router.ts';
import { Scope } from '../support/scope.ts';
import { cannot, someOnly } from './cannot.ts';
import type { Capability } from './capabilities/capability.ts';
import { capabilities } from './capabilities/table.ts';
import { type Lab, onEach, startLab } from './lab.ts';
import type { Node } from './nodes.ts';
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
      const seen: Seen = { router: driver.name, version: await driver.version(), rows };
      mkdirSync(seenFolder, { recursive: true });
      writeFileSync(join(seenFolder, `${driver.name}.json`), `${JSON.stringify(seen, null, 2)}\n`);
    });

    for (const { id, title, secured, check, showCannot } of capabilities) {
      const why = cannot[driver.name]?.[id];
      it(title, async (context) => {
        if (why !== undefined) {
          if (showCannot) {
            await lab.baseline(secured);
            await showCannot(lab);
          }
          cells.set(id, { outcome: 'cannot', why });
          context.skip(why);
        }
        await lab.baseline(secured);
        const seen = await tryOn(lab, someOnly(driver.name, id)?.tried, check);
        const where = someOnly(driver.name, id)?.why;
        cells.set(id, { outcome: 'works', seen: [where, seen].filter(Boolean).join('; ') });
      });
    }
  });
}

/** Tries a capability on some sessions of the lab. The others may be left in any state: they begin anew. */
async function tryOn(lab: Lab, tried: ((node: Node) => boolean) | undefined, check: Capability['check']): Promise<string | undefined> {
  if (!tried) return check(lab);
  const [some, others] = [lab.sessions.filter(({ node }) => tried(node)), lab.sessions.filter(({ node }) => !tried(node))];
  try {
    return await check({ ...lab, sessions: some });
  } finally {
    await onEach(others, ({ neighbor }) => lab.router().shutdown(neighbor, 'begins anew'));
    await onEach(others, ({ neighbor }) => lab.router().enable(neighbor));
  }
}
