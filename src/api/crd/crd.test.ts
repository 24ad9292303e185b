import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { defineKind, type KindDefinition } from '../kind.ts';
import { kinds } from '../kinds.ts';
import { structuralComplaints } from '../testing/structural.ts';
import { crdName, crdOf, crdYaml, sourceOf } from './crd.ts';
import { openApiSchema, type StructuralSchema } from './schema-to-openapi.ts';

const all: readonly KindDefinition[] = Object.values(kinds);

/** Every schema of a kind with the path of its field. */
function fieldsOf(schema: StructuralSchema, path = ''): { path: string; schema: StructuralSchema }[] {
  const below = Object.entries(schema.properties ?? {}).flatMap(([name, field]) => fieldsOf(field, `${path}.${name}`));
  return [{ path, schema }, ...below, ...(schema.items === undefined ? [] : fieldsOf(schema.items, `${path}[]`))];
}

describe.each(all.map((kind) => [kind.kind, kind] as const))('the CRD of %s', (_, kind) => {
  it('has a structural schema, with a description of every field and a bound of everything that can grow', () => {
    expect(structuralComplaints(openApiSchema(kind))).toEqual([]);
  });

  it('says in its description what the default is', () => {
    const silent = fieldsOf(openApiSchema(kind)).filter(
      ({ schema }) => schema.default !== undefined && JSON.stringify(schema.default) !== '{}' && !/Default/.test(schema.description ?? ''),
    );
    expect(silent.map(({ path }) => path)).toEqual([]);
  });

  it('has a default that the schema itself accepts', () => {
    for (const { schema } of fieldsOf(openApiSchema(kind)).filter(
      (field) => field.schema.enum !== undefined && field.schema.default !== undefined,
    )) {
      expect(schema.enum).toContain(schema.default);
    }
  });

  it('is the same in YAML, which names its source and keeps lines short', () => {
    const yaml = crdYaml(kind);
    expect(parse(yaml)).toEqual(JSON.parse(JSON.stringify(crdOf(kind))));
    expect(yaml).toMatch(new RegExp(`^# Generated .* from ${sourceOf(kind.kind)}`));
    expect(yaml.split('\n').filter((line) => line.length > 140)).toEqual([]);
  });

  it('has conditions that merge by type, and columns that begin with what is looked for', () => {
    const { conditions } = openApiSchema(kind).properties?.['status']?.properties ?? {};
    expect(conditions).toMatchObject({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['type'] });
    expect(conditions?.items?.required).toEqual(['type', 'status', 'lastTransitionTime', 'reason', 'message']);
    const names = kind.columns.filter(({ wide }) => !wide).map(({ name }) => name);
    expect(names).toContain('Ready');
    expect(names.at(-1)).toBe('Age');
  });
});

describe('the kinds together', () => {
  it('have names of their own', () => {
    const names = all.flatMap((kind) => [crdName(kind), kind.shortName]);
    expect(new Set(names).size).toBe(2 * all.length);
    expect(Object.keys(kinds)).toEqual(all.map(({ kind }) => kind));
  });
});

describe('a schema that a CRD cannot express', () => {
  it('stops the generator', () => {
    const status = z.object({ field: z.union([z.string(), z.int()]) });
    const kind = defineKind({
      kind: 'X',
      plural: 'xs',
      shortName: 'x',
      namespaced: false,
      description: 'x',
      spec: undefined,
      status,
      columns: [],
    });
    expect(() => crdOf(kind)).toThrow(/no keyword anyOf/);
  });
});
