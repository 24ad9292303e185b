import type { z } from 'zod';
import { group, version } from './names.ts';
import type { Rule } from './schema.ts';

/** A column of `kubectl get`. */
export type Column = {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'date';
  readonly jsonPath: string;
  readonly description: string;
  /** Shown only with `-o wide`. Default false. */
  readonly wide?: boolean;
};

/** All that there is to say about one kind: its schema, and how `kubectl` shows it. */
export type KindDefinition<Spec extends z.ZodType | undefined = z.ZodType | undefined, Status extends z.ZodType = z.ZodType> = {
  readonly group: typeof group;
  readonly version: typeof version;
  readonly kind: string;
  readonly plural: string;
  readonly shortName: string;
  readonly namespaced: boolean;
  /** What `kubectl explain` says first. */
  readonly description: string;
  /** Absent: an object of this kind has a status only. */
  readonly spec: Spec;
  readonly status: Status;
  /** What must hold for the object as a whole, its name included. */
  readonly rules: readonly Rule<{ readonly metadata: { readonly name: string } }>[];
  readonly columns: readonly Column[];
};

type Said<Spec, Status> = Omit<KindDefinition, 'group' | 'version' | 'spec' | 'status' | 'rules'> & {
  readonly spec: Spec;
  readonly status: Status;
  readonly rules?: KindDefinition['rules'];
};

/** Defines a kind of our group. */
export const defineKind = <Spec extends z.ZodType | undefined, Status extends z.ZodType>(
  said: Said<Spec, Status>,
): KindDefinition<Spec, Status> => ({ rules: [], ...said, group, version });

/** The column of a condition's status. */
export const conditionColumn = (type: string, description: string): Column => ({
  name: type,
  type: 'string',
  jsonPath: `.status.conditions[?(@.type=="${type}")].status`,
  description,
});

/** Why the object is Ready, or is not. */
export const reasonColumn: Column = {
  name: 'Reason',
  type: 'string',
  jsonPath: '.status.conditions[?(@.type=="Ready")].reason',
  description: 'Why it is ready, or is not.',
};

/** The sentence to {@link reasonColumn}. */
export const messageColumn: Column = {
  name: 'Message',
  type: 'string',
  jsonPath: '.status.conditions[?(@.type=="Ready")].message',
  description: 'What to do.',
  wide: true,
};

export const ageColumn: Column = {
  name: 'Age',
  type: 'date',
  jsonPath: '.metadata.creationTimestamp',
  description: 'Since when it exists.',
};
