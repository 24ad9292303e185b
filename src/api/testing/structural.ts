/** A schema as it was read from a file: anything may be in it. */
type Schema = Readonly<Record<string, unknown>>;

/** Keywords that the API server refuses or silently ignores anywhere in a CRD, or that our schemas have no use for. */
const forbidden = [
  '$ref',
  '$schema',
  'definitions',
  'id',
  'patternProperties',
  'additionalItems',
  'dependencies',
  'uniqueItems',
  'nullable',
  'const',
  'propertyNames',
  'prefixItems',
  'anyOf',
  'oneOf',
  'allOf',
  'not',
  'exclusiveMinimum',
  'exclusiveMaximum',
];

/** The formats that we use and that the API server enforces. */
const formats: Readonly<Record<string, readonly string[]>> = { string: ['date-time'], integer: ['int32', 'int64'] };

const bounds: Readonly<Record<string, readonly [number, number]>> = {
  int32: [-(2 ** 31), 2 ** 31 - 1],
  int64: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
};

/**
 * What the API server would refuse or ignore in a CRD's schema (apiextensions-apiserver: structural schemas), and what the API
 * conventions ask for beyond that: descriptions, list types, bounds. Each complaint begins with the path of the field.
 */
export function structuralComplaints(schema: unknown): string[] {
  const root = record(schema);
  const complaints = root['type'] === 'object' ? [] : ['the root is no object'];
  if ('additionalProperties' in root) complaints.push('the root has additionalProperties');
  const { metadata } = record(root['properties']);
  if (metadata !== undefined) complaints.push('metadata is declared: it is Kubernetes’ own');
  return [...complaints, ...below('', root)];
}

function below(path: string, schema: Schema): string[] {
  const say = (complaint: string): string => `${path === '' ? 'the object' : path}: ${complaint}`;
  const own = [
    ...forbidden.filter((keyword) => keyword in schema).map((keyword) => `has ${keyword}`),
    ...(typeof schema['description'] === 'string' || path.endsWith('[]') || path.endsWith('{}') ? [] : ['has no description']),
    ...typeComplaints(schema),
    ...validationComplaints(schema),
  ].map(say);
  const fields = Object.entries(record(schema['properties'])).flatMap(([name, field]) => below(`${path}.${name}`, record(field)));
  const items = 'items' in schema ? below(`${path}[]`, record(schema['items'])) : [];
  const values = 'additionalProperties' in schema ? below(`${path}{}`, record(schema['additionalProperties'])) : [];
  return [...own, ...fields, ...items, ...values];
}

function typeComplaints(schema: Schema): string[] {
  switch (schema['type']) {
    case 'object':
      return objectComplaints(schema);
    case 'array':
      return listComplaints(schema);
    case 'string':
      return [...stringComplaints(schema), ...formatComplaints(schema)];
    case 'integer':
      return [...formatComplaints(schema), ...integerComplaints(schema)];
    case 'boolean':
      return [];
    default:
      return [`has type ${JSON.stringify(schema['type'])}`];
  }
}

function objectComplaints(schema: Schema): string[] {
  const properties = record(schema['properties']);
  const isMap = 'additionalProperties' in schema;
  const undeclared = texts(schema['required']).filter((name) => !(name in properties));
  return [
    ...(isMap && 'properties' in schema ? ['has properties together with additionalProperties'] : []),
    ...(isMap && typeof schema['maxProperties'] !== 'number' ? ['is a map without maxProperties'] : []),
    ...(!isMap && !('properties' in schema) ? ['is an object without properties'] : []),
    ...undeclared.map((name) => `requires ${name}, which is not declared`),
  ];
}

function listComplaints(schema: Schema): string[] {
  const items = record(schema['items']);
  const type = schema['x-kubernetes-list-type'];
  const keys = texts(schema['x-kubernetes-list-map-keys']);
  const isScalar = items['type'] !== 'object' && items['type'] !== 'array';
  return [
    ...(Array.isArray(schema['items']) || !('items' in schema) ? ['has no schema of its items'] : []),
    ...(typeof schema['maxItems'] === 'number' ? [] : ['has no maxItems']),
    ...(type === 'atomic' || type === 'set' || type === 'map' ? [] : ['has no x-kubernetes-list-type']),
    ...(type === 'set' && !isScalar ? ['is a set of what is no scalar'] : []),
    ...((type === 'map') === keys.length > 0 ? [] : ['needs x-kubernetes-list-map-keys exactly where it is a map']),
    ...keys.filter((key) => !texts(items['required']).includes(key)).map((key) => `has key ${key}, which is not required`),
  ];
}

function stringComplaints(schema: Schema): string[] {
  const pattern = schema['pattern'];
  return [
    ...('enum' in schema || typeof schema['maxLength'] === 'number' ? [] : ['has no maxLength']),
    // RE2, the API server's engine, has neither look-around nor back-references.
    ...(typeof pattern === 'string' && /\(\?[=!<]|\\[1-9]/.test(pattern) ? ['has a pattern that RE2 does not understand'] : []),
  ];
}

function formatComplaints({ type, format }: Schema): string[] {
  const known = formats[String(type)] ?? [];
  if (format === undefined) return type === 'integer' ? ['has no format'] : [];
  return known.includes(String(format)) ? [] : [`has format ${String(format)}, which nobody enforces`];
}

function integerComplaints({ format, minimum, maximum }: Schema): string[] {
  const [lowest, highest] = bounds[String(format)] ?? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  if (typeof minimum !== 'number') return ['has no minimum'];
  return minimum < lowest || (typeof maximum === 'number' && maximum > highest) ? [`has bounds that do not fit ${format}`] : [];
}

function validationComplaints(schema: Schema): string[] {
  const validations = schema['x-kubernetes-validations'];
  if (validations === undefined) return [];
  const rules = Array.isArray(validations) ? validations.map(record) : [];
  return rules.filter(({ rule, message }) => !isLine(rule) || !isLine(message)).map(() => 'has a rule without a message of one line');
}

const isLine = (value: unknown): boolean => typeof value === 'string' && value !== '' && !value.includes('\n');
const record = (value: unknown): Schema => (typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Schema) : {});
const texts = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : []);
