import { describe, expect, it } from 'vitest';
import { structuralComplaints } from './structural.ts';

const described = { description: 'x' };
const text = { ...described, type: 'string', maxLength: 9 };
const withField = (field: object) => ({ ...described, type: 'object', properties: { field: { ...described, ...field } } });

describe('the rules of structural schemas', () => {
  it('lets a sound schema pass', () => {
    const list = { type: 'array', maxItems: 3, 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['key'] };
    const item = { type: 'object', required: ['key'], properties: { key: text } };
    expect(structuralComplaints(withField({ ...list, items: item }))).toEqual([]);
    expect(structuralComplaints(withField({ type: 'object', maxProperties: 3, additionalProperties: text }))).toEqual([]);
    expect(structuralComplaints(withField({ type: 'boolean' }))).toEqual([]);
    expect(structuralComplaints(withField({ type: 'string', enum: ['A'] }))).toEqual([]);
    expect(structuralComplaints(withField({ type: 'integer', format: 'int64', minimum: 0 }))).toEqual([]);
  });

  it.each([
    ['a reference', { ...text, $ref: '#/x' }, 'has $ref'],
    ['a junctor', { ...text, anyOf: [{ minLength: 1 }] }, 'has anyOf'],
    ['a null', { ...text, nullable: true }, 'has nullable'],
    ['no type', { properties: {} }, 'has type undefined'],
    ['several types', { type: ['string', 'integer'] }, 'has type ["string","integer"]'],
    [
      'fields in a map',
      { type: 'object', maxProperties: 1, properties: {}, additionalProperties: text },
      'has properties together with additionalProperties',
    ],
    ['a map without bound', { type: 'object', additionalProperties: text }, 'is a map without maxProperties'],
    ['an object of anything', { type: 'object' }, 'is an object without properties'],
    ['a required field that is not there', { type: 'object', properties: {}, required: ['a'] }, 'requires a, which is not declared'],
    ['a tuple', { type: 'array', maxItems: 1, 'x-kubernetes-list-type': 'atomic', items: [text] }, 'has no schema of its items'],
    ['a list without bound', { type: 'array', 'x-kubernetes-list-type': 'atomic', items: text }, 'has no maxItems'],
    ['a list without type', { type: 'array', maxItems: 1, items: text }, 'has no x-kubernetes-list-type'],
    [
      'a set of objects',
      { type: 'array', maxItems: 1, 'x-kubernetes-list-type': 'set', items: { type: 'object', properties: {} } },
      'is a set of what is no scalar',
    ],
    [
      'a map list without keys',
      { type: 'array', maxItems: 1, 'x-kubernetes-list-type': 'map', items: text },
      'needs x-kubernetes-list-map-keys exactly where it is a map',
    ],
    [
      'a key that may be absent',
      {
        type: 'array',
        maxItems: 1,
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['a'],
        items: { type: 'object', properties: { a: text } },
      },
      'has key a, which is not required',
    ],
    ['a text without bound', { type: 'string' }, 'has no maxLength'],
    ['look-ahead', { ...text, pattern: '^(?=a)' }, 'has a pattern that RE2 does not understand'],
    ['an unknown format', { ...text, format: 'cidrv4' }, 'has format cidrv4, which nobody enforces'],
    ['a number without format', { type: 'integer', minimum: 0 }, 'has no format'],
    ['a number without lower bound', { type: 'integer', format: 'int32' }, 'has no minimum'],
    [
      'an ASN in 32 bits with a sign',
      { type: 'integer', format: 'int32', minimum: 0, maximum: 4294967295 },
      'has bounds that do not fit int32',
    ],
    ['a rule without message', { ...text, 'x-kubernetes-validations': [{ rule: 'true' }] }, 'has a rule without a message of one line'],
  ])('complains about %s', (_, field, complaint) => {
    expect(structuralComplaints(withField(field))).toContain(`.field: ${complaint}`);
  });

  it('complains about a field without description', () => {
    expect(structuralComplaints({ ...described, type: 'object', properties: { field: { type: 'boolean' } } })).toEqual([
      '.field: has no description',
    ]);
  });

  it('complains about a root that is no plain object, or declares metadata', () => {
    expect(structuralComplaints({ ...text })).toContain('the root is no object');
    expect(structuralComplaints({ ...described, type: 'object', maxProperties: 1, additionalProperties: text })).toContain(
      'the root has additionalProperties',
    );
    expect(
      structuralComplaints({ ...described, type: 'object', properties: { metadata: { ...described, type: 'boolean' } } }),
    ).toHaveLength(1);
  });

  it('looks into lists and maps', () => {
    const list = { type: 'array', maxItems: 1, 'x-kubernetes-list-type': 'atomic', items: { type: 'string' } };
    expect(structuralComplaints(withField(list))).toEqual(['.field[]: has no maxLength']);
    const map = { type: 'object', maxProperties: 1, additionalProperties: { type: 'string' } };
    expect(structuralComplaints(withField(map))).toEqual(['.field{}: has no maxLength']);
  });
});
