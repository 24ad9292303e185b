import { describe, expect, it } from 'vitest';
import { pureRooms } from './rooms.ts';
import { importsOf, parse, sourceFiles, walk } from './sources.ts';

/** Node modules that compute and do nothing else. */
const computingModules = ['node:crypto'];
const impureGlobals = ['Date', 'performance', 'setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask', 'process', 'fetch', 'console'];

const pureFiles = sourceFiles().filter((file) =>
  pureRooms.some((room) => file.startsWith(`${room}/`) || file.startsWith(`${room}.`) || file.startsWith(`${room}-`)),
);

/** Globals that a file uses as values: `Date.now()`, `new Date()`, `setTimeout(…)`. Property names and type names don't count. */
function impureUses(file: string): string[] {
  const uses: string[] = [];
  walk(parse(file), (node) => {
    const object = (node['object'] ?? node['callee']) as { type?: string; name?: string; property?: { name?: string } } | undefined;
    if (object?.type === 'Identifier' && object.name !== undefined && impureGlobals.includes(object.name))
      uses.push(`${file}: ${object.name}`);
    const property = node['property'] as { name?: string } | undefined;
    if (node.type === 'MemberExpression' && object?.name === 'Math' && property?.name === 'random') uses.push(`${file}: Math.random`);
  });
  return uses;
}

describe('the pure rooms', () => {
  it('are there', () => {
    expect(pureFiles.length).toBeGreaterThan(30);
  });

  it('use no clock, timer, process or chance', () => {
    expect(pureFiles.flatMap(impureUses)).toEqual([]);
  });

  it('import nothing of Node that does I/O', () => {
    const impure = pureFiles
      .flatMap(importsOf)
      .filter((arrow) => arrow.specifier.startsWith('node:') && !computingModules.includes(arrow.specifier));
    expect(impure).toEqual([]);
  });

  it('are recognised where they are not pure', () => {
    expect(impureUses('runtime/clock.ts')).not.toEqual([]);
  });
});
