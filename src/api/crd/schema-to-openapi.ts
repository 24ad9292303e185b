import { z } from 'zod';
import { assert } from '#runtime/assert.ts';
import type { KindDefinition } from '../kind.ts';
import { validationsOf } from '../schema.ts';

/** A schema as it stands in a CRD: what Kubernetes calls structural, and no keyword that we don't use. */
export type StructuralSchema = {
  readonly type: 'object' | 'array' | 'string' | 'integer' | 'boolean';
  readonly format?: string;
  readonly description?: string;
  readonly enum?: readonly string[];
  readonly default?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly maxProperties?: number;
  readonly required?: readonly string[];
  readonly 'x-kubernetes-list-type'?: 'atomic' | 'set' | 'map';
  readonly 'x-kubernetes-list-map-keys'?: readonly string[];
  readonly 'x-kubernetes-map-type'?: 'atomic';
  readonly 'x-kubernetes-validations'?: readonly { readonly rule: string; readonly message: string; readonly fieldPath?: string }[];
  readonly items?: StructuralSchema;
  readonly properties?: Readonly<Record<string, StructuralSchema>>;
  readonly additionalProperties?: StructuralSchema;
};

/** Every keyword, in the order in which a person reads them. */
const keywords = [
  'type',
  'format',
  'description',
  'enum',
  'default',
  'minimum',
  'maximum',
  'minLength',
  'maxLength',
  'pattern',
  'minItems',
  'maxItems',
  'maxProperties',
  'required',
  'x-kubernetes-list-type',
  'x-kubernetes-list-map-keys',
  'x-kubernetes-map-type',
  'x-kubernetes-validations',
  'items',
  'properties',
  'additionalProperties',
] as const satisfies readonly (keyof StructuralSchema)[];

/** The schema of a whole object. Its metadata is Kubernetes' own and is left out, as it may be. */
export function openApiSchema(definition: KindDefinition): StructuralSchema {
  const { description, spec, status, rules } = definition;
  return {
    type: 'object',
    description,
    ...(spec !== undefined && { required: ['spec'] }),
    ...(rules.length > 0 && { 'x-kubernetes-validations': validationsOf(rules) }),
    properties: { ...(spec !== undefined && { spec: toStructural(spec) }), status: toStructural(status) },
  };
}

/** A schema as it stands in a CRD. Fails where a CRD can't express it. */
export function toStructural(schema: z.ZodType): StructuralSchema {
  return ordered(z.toJSONSchema(schema, { target: 'openapi-3.0', io: 'input' }) as Record<string, unknown>);
}

/** The same with its keywords in order. A keyword that is not in the table is a schema that a CRD can't express. */
function ordered(schema: Record<string, unknown>): StructuralSchema {
  const known: readonly string[] = keywords;
  for (const keyword of Object.keys(schema))
    assert(known.includes(keyword), `a CRD schema has no keyword ${keyword}: ${JSON.stringify(schema)}`);
  const entries = keywords
    .filter((keyword) => keyword in schema && !isNoBound(keyword, schema[keyword]))
    .map((keyword) => [keyword, orderedBelow(keyword, schema[keyword])]);
  return Object.fromEntries(entries) as StructuralSchema;
}

/** What zod says of every whole number. */
const isNoBound = (keyword: string, value: unknown): boolean => keyword === 'maximum' && value === Number.MAX_SAFE_INTEGER;

function orderedBelow(keyword: string, value: unknown): unknown {
  if (keyword === 'items' || keyword === 'additionalProperties') return ordered(value as Record<string, unknown>);
  if (keyword !== 'properties') return value;
  return Object.fromEntries(
    Object.entries(value as Record<string, Record<string, unknown>>).map(([name, field]) => [name, ordered(field)]),
  );
}
