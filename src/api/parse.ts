import { z } from 'zod';
import { err, ok, type Result } from '#runtime/result.ts';
import type { KindDefinition } from './kind.ts';

/** What is wrong with an object. */
export type FieldError = {
  /** Path of the field, such as `spec.addresses[0]`. */
  readonly field: string;
  /** One line: names object, field and value, and says what to do. */
  readonly message: string;
};

/** An object of one of our kinds, without its metadata. */
export type Parsed<Spec, Status> = {
  readonly spec: Spec;
  /** Absent where there is none, or one that can't be read: it is ours and will be written anew. */
  readonly status?: Status;
};

type OutputOf<S> = S extends z.ZodType ? z.output<S> : undefined;

/**
 * The reader of a kind: from JSON as the API server sent it. Defaults are filled in, texts that have several forms come in
 * their canonical one. Fields that we don't know are left out: a newer operator may have written them.
 */
export function parserOf<Spec extends z.ZodType | undefined, Status extends z.ZodType>(definition: KindDefinition<Spec, Status>) {
  const metadata = z.object({ name: z.string().min(1), namespace: z.string().optional() });
  const object = z.object({ metadata, ...(definition.spec !== undefined && { spec: definition.spec }) });
  const checked = definition.rules.reduce(
    (schema, { holds, message }) => (holds === undefined ? schema : schema.refine(holds, { message, path: ['metadata', 'name'] })),
    object,
  );
  return (json: unknown): Result<Parsed<OutputOf<Spec>, z.output<Status>>, FieldError> => {
    const result = checked.safeParse(json);
    if (!result.success) return err(describe(definition.kind, json, result.error));
    const status = definition.status.safeParse(at(json, ['status']));
    const spec = (result.data as { readonly spec?: unknown }).spec as OutputOf<Spec>;
    return ok({ spec, ...(status.success && { status: status.data }) });
  };
}

/** Says the first thing that is wrong. */
function describe(kind: string, json: unknown, error: z.ZodError): FieldError {
  const [issue] = error.issues;
  const path = issue?.path ?? [];
  const field = fieldOf(path);
  const [namespace, name] = [at(json, ['metadata', 'namespace']), at(json, ['metadata', 'name'])];
  const object = [namespace, name].filter((part) => typeof part === 'string').join('/') || '(without a name)';
  return { field, message: `${kind} ${object}: ${field}${issue === undefined ? ' is wrong' : complaint(issue, at(json, path))}` };
}

function complaint(issue: z.core.$ZodIssue, value: unknown): string {
  if (value === undefined) return ' is missing: add it';
  const shown = show(value);
  switch (issue.code) {
    case 'invalid_type':
      return ` is ${shown}: write ${withArticle(issue.expected)}`;
    case 'invalid_value':
      return ` is ${shown}: write one of ${issue.values.join(', ')}`;
    case 'too_small':
      return ` is ${shown}: ${bound('at least', Number(issue.minimum), issue.origin)}`;
    case 'too_big':
      return ` is ${shown}: ${bound('at most', Number(issue.maximum), issue.origin)}`;
    default:
      // Parsers quote what they read; rules do not.
      return issue.message.includes(shown) ? `: ${issue.message}` : ` is ${shown}: ${issue.message}`;
  }
}

function bound(comparison: string, limit: number, origin: string): string {
  if (origin === 'array') return `write ${comparison} ${limit} ${limit === 1 ? 'item' : 'items'}`;
  if (origin === 'string') return `write ${comparison} ${limit} ${limit === 1 ? 'character' : 'characters'}`;
  return `write ${comparison} ${limit}`;
}

const withArticle = (type: string): string => (/^[aeiou]/.test(type) ? `an ${type === 'int' ? 'integer' : type}` : `a ${type}`);

/** The value as JSON, shortened. */
function show(value: unknown): string {
  const json = JSON.stringify(value) ?? String(value);
  return json.length <= 80 ? json : `${json.slice(0, 77)}…`;
}

/** `spec.claim[0].serviceSelector`. */
const fieldOf = (path: readonly PropertyKey[]): string =>
  path
    .map((step) => (typeof step === 'number' ? `[${step}]` : `.${String(step)}`))
    .join('')
    .replace(/^\./, '') || 'the object';

function at(json: unknown, path: readonly PropertyKey[]): unknown {
  let value = json;
  for (const step of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = Object.hasOwn(value, step) ? (value as Record<PropertyKey, unknown>)[step] : undefined;
  }
  return value;
}
