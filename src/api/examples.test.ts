import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { parseIpAddress } from '#net/ip-address.ts';
import { containsPrefix, hostPrefix } from '#net/prefix.ts';
import { unwrap } from '#runtime/result.ts';
import { parseAnycastPool } from './anycast-pool.ts';
import { parseAnycastService } from './anycast-service.ts';
import { openApiSchema, type StructuralSchema } from './crd/schema-to-openapi.ts';
import type { KindDefinition } from './kind.ts';
import { type KindName, kinds } from './kinds.ts';
import { addressesAnnotation, apiVersion, loadBalancerClass } from './names.ts';
import { parserOf } from './parse.ts';

type Example = {
  apiVersion: string;
  kind: string;
  metadata: { name: string; annotations?: Record<string, string> };
  spec?: Record<string, unknown>;
};

const folder = new URL('../../examples/', import.meta.url);
const files = readdirSync(folder);

const documentsOf = (file: string): Example[] =>
  parseAllDocuments(readFileSync(new URL(file, folder), 'utf8'), { strict: true }).map((document) => {
    expect(document.errors).toEqual([]);
    return document.toJS();
  });

/** Names of fields that a schema does not have: the API server would drop them without a word. */
function unknownFields(schema: StructuralSchema | undefined, value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap((item) => unknownFields(schema?.items, item));
  if (typeof value !== 'object' || value === null || schema?.additionalProperties !== undefined) return [];
  return Object.entries(value).flatMap(([name, field]) =>
    Object.hasOwn(schema?.properties ?? {}, name) ? unknownFields(schema?.properties?.[name], field) : [name],
  );
}

describe.each(files)('example %s', (file) => {
  const objects = documentsOf(file);
  const ours = objects.filter((object) => object.apiVersion === apiVersion);

  it('has objects that can be followed', () => {
    expect(ours.length).toBeGreaterThan(0);
    for (const object of ours) {
      const kind: KindDefinition = kinds[object.kind as KindName];
      expect(parserOf(kind)(object)).toMatchObject({ ok: true });
    }
  });

  it('has no field that the schemas do not have', () => {
    const unknown = ours.flatMap(({ kind, spec }) =>
      unknownFields(openApiSchema(kinds[kind as KindName]).properties?.['spec'], spec).map((field) => `${kind} ${field}`),
    );
    expect(unknown).toEqual([]);
  });
});

describe('the examples together', () => {
  const objects = files.flatMap(documentsOf);

  it('ask for addresses that are in a pool', () => {
    const pools = objects.filter(({ kind }) => kind === 'AnycastPool').flatMap((pool) => unwrap(parseAnycastPool(pool)).spec.addresses);
    const refined = objects
      .filter(({ kind }) => kind === 'AnycastService')
      .flatMap((service) => unwrap(parseAnycastService(service)).spec.addresses ?? []);
    const annotated = objects.flatMap(({ metadata }) => metadata.annotations?.[addressesAnnotation]?.split(',') ?? []);
    expect([...refined, ...annotated]).toHaveLength(3);
    for (const text of [...refined, ...annotated]) {
      const address = hostPrefix(unwrap(parseIpAddress(text)));
      expect(pools.some((pool) => containsPrefix(pool, address))).toBe(true);
    }
  });

  it('show a Service of our class, and one without a class', () => {
    const services = objects.filter(({ kind }) => kind === 'Service');
    expect(services.map(({ spec }) => spec?.['loadBalancerClass'])).toEqual(expect.arrayContaining([loadBalancerClass, undefined]));
  });
});
