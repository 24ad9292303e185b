import { describe, expect, it } from 'vitest';
import { packageOwners, roomOf, rooms } from './rooms.ts';
import { type ImportArrow, importsOf, resolveInside, sourceFiles } from './sources.ts';

const arrows = sourceFiles().flatMap(importsOf);

function roomAllows(room: string, target: string): boolean {
  const allowed = rooms[room];
  if (room === target || allowed === 'anything') return true;
  if (allowed === 'anything but cli') return target !== 'cli';
  return allowed?.includes(target) ?? false;
}

const show = (arrow: ImportArrow): string => `${arrow.file} imports ${arrow.specifier}`;

describe('the borders between rooms', () => {
  it('reads imports of every kind', () => {
    expect(arrows.length).toBeGreaterThan(100);
  });

  it('puts every file into a room', () => {
    expect(sourceFiles().filter((file) => roomOf(file) === undefined)).toEqual([]);
  });

  it('has no arrow that the table does not allow', () => {
    const forbidden = arrows.filter((arrow) => {
      const target = resolveInside(arrow);
      if (target === undefined) return false;
      return !roomAllows(roomOf(arrow.file) ?? 'none', roomOf(target) ?? 'none');
    });
    expect(forbidden.map(show)).toEqual([]);
  });

  it('crosses rooms by #room/file.ts and stays inside by ./file.ts', () => {
    const wrong = arrows.filter((arrow) => {
      const target = resolveInside(arrow);
      return target !== undefined && (roomOf(target) === roomOf(arrow.file)) !== arrow.specifier.startsWith('.');
    });
    expect(wrong.map(show)).toEqual([]);
  });

  it('keeps each package with its owner', () => {
    const foreign = arrows.filter((arrow) => {
      const owner = Object.keys(packageOwners).find((name) => arrow.specifier === name || arrow.specifier.startsWith(`${name}/`));
      return owner !== undefined && !packageOwners[owner]?.includes(roomOf(arrow.file) ?? 'none');
    });
    expect(foreign.map(show)).toEqual([]);
  });

  it('uses no package that has no owner', () => {
    const unknown = arrows.filter(
      (arrow) =>
        resolveInside(arrow) === undefined &&
        !arrow.specifier.startsWith('node:') &&
        !Object.keys(packageOwners).some((name) => arrow.specifier === name || arrow.specifier.startsWith(`${name}/`)),
    );
    expect(unknown.map(show)).toEqual([]);
  });

  it('lets only tests see what is made for tests', () => {
    const seen = arrows.filter((arrow) => arrow.specifier.includes('testing/'));
    expect(seen.map(show)).toEqual([]);
  });

  it('lets only the rpc room see generated code', () => {
    const seen = arrows.filter((arrow) => arrow.specifier.includes('generated/') && roomOf(arrow.file) !== 'rpc');
    expect(seen.map(show)).toEqual([]);
  });
});
