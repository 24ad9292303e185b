import { containsPrefix, type Prefix, parsePrefix } from '#net/prefix.ts';
import { assert } from '#runtime/assert.ts';
import type { GovernContext } from './decided.ts';
import type { Ledger } from './ledger.ts';
import { defaultRemovalGuard } from './limits.ts';
import type { View } from './view.ts';

/** What the removal guard needs of the view and the ledger. */
export function removalContext(view: View, ledger: Ledger): Pick<GovernContext, 'removalGuard' | 'emptiesPool'> {
  return {
    removalGuard: view.config()?.removalGuard ?? defaultRemovalGuard,
    emptiesPool: (prefixes) => emptiesPool(view, ledger, prefixes),
  };
}

/**
 * Whether no other prefix that is announced, and stays, is in a pool that one of these is in. What is in no pool, because it was
 * taken out or the pool is gone, is measured by all prefixes.
 */
function emptiesPool(view: View, ledger: Ledger, prefixes: ReadonlySet<string>): boolean {
  const pools = [...view.pools()].map((pool) => pool.prefixes);
  return [...prefixes].some((prefix) => {
    const parsed = read(prefix);
    const having = pools.filter((pool) => has(pool, parsed));
    for (const other of ledger.prefixes()) {
      if (prefixes.has(other) || ledger.removals.of(other)?.state === 'grace') continue;
      if (having.length === 0 || having.some((pool) => has(pool, read(other)))) return false;
    }
    return true;
  });
}

const has = (pool: readonly Prefix[], prefix: Prefix): boolean => pool.some((block) => containsPrefix(block, prefix));

/** Prefixes of the ledger were made by us, or read from a speaker that had them from one of us. */
function read(text: string): Prefix {
  const parsed = parsePrefix(text);
  assert(parsed.ok, `a prefix that is announced can be read: ${text}`);
  return parsed.value;
}
