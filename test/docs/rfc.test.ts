import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '../..');
const page = readFileSync(join(root, 'docs/rfc.md'), 'utf8');

/** The rows that say where something is done and what shows it. */
const rows = page.split('\n').filter((line) => /^\|.*`.*\.ts`/.test(line));

/** A file of the page: below src/, or below the root where it is a lane's. */
const fileOf = (path: string): string => join(root, path.startsWith('test/') ? '' : 'src', path);

describe('the page about RFCs', () => {
  it('has rows', () => {
    expect(rows.length).toBeGreaterThan(60);
  });

  it.each(rows)('names what is there: %s', (row) => {
    const paths = [...row.matchAll(/`([^`]+\.ts)`/g)].map(([, path]) => path ?? '');
    expect(paths.filter((path) => !existsSync(fileOf(path)))).toEqual([]);
    const title = /“(.*)”/.exec(row)?.[1];
    const test = paths.at(-1) ?? '';
    expect(test).toMatch(/\.test\.ts$/);
    expect(title, 'each row names a test by its title').toBeDefined();
    const source = readFileSync(fileOf(test), 'utf8').replaceAll("\\'", "'");
    expect(source).toContain(title);
  });
});
