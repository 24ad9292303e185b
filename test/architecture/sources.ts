import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { parseAst } from 'rolldown/parseAst';

/** One import of one file: types count as much as values. */
export type ImportArrow = { readonly file: string; readonly specifier: string };

export const root = resolve(import.meta.dirname, '../..');
const src = join(root, 'src');

/** Every source file of the product, relative to src/: not tests, not what only tests use (`testing/`), not generated code. */
export function sourceFiles(): string[] {
  return readdirSync(src, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts') && !file.includes('generated/') && !file.includes('testing/'))
    .sort();
}

type AstNode = { readonly type: string; readonly [field: string]: unknown };

/** Parses a file; type stripping would hide `import type`, a parser does not. */
export function parse(file: string): AstNode {
  return parseAst(readFileSync(join(src, file), 'utf8'), { lang: 'ts' }) as unknown as AstNode;
}

/** Calls `visit` for each node of the tree. */
export function walk(node: unknown, visit: (node: AstNode) => void): void {
  if (Array.isArray(node)) {
    for (const item of node) walk(item, visit);
  } else if (typeof node === 'object' && node !== null && 'type' in node) {
    visit(node as AstNode);
    for (const value of Object.values(node)) walk(value, visit);
  }
}

/** All imports of a file: static, dynamic, re-exports, and types in `import('…')` form. */
export function importsOf(file: string): ImportArrow[] {
  const arrows: ImportArrow[] = [];
  walk(parse(file), (node) => {
    const isImport = ['ImportDeclaration', 'ExportNamedDeclaration', 'ExportAllDeclaration', 'ImportExpression', 'TSImportType'].includes(
      node.type,
    );
    const source = isImport ? ((node['source'] ?? node['argument']) as AstNode | null) : null;
    const specifier = source?.['value'] ?? (source?.['literal'] as AstNode | undefined)?.['value'];
    if (typeof specifier === 'string') arrows.push({ file, specifier });
  });
  return arrows;
}

/** The file below src/ that a specifier means, or undefined for packages and Node's own modules. */
export function resolveInside(arrow: ImportArrow): string | undefined {
  // package.json: what this build is called.
  if (arrow.specifier.endsWith('.json')) return arrow.file;
  if (arrow.specifier.startsWith('#')) return arrow.specifier.slice(1);
  if (arrow.specifier.startsWith('.')) return relative(src, resolve(src, dirname(arrow.file), arrow.specifier));
  return undefined;
}
