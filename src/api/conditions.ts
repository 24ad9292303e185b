import { z } from 'zod';
import { limits } from './limits.ts';
import { date, list, sentence, serial, text } from './schema.ts';

const condition = z.object({
  type: text(limits.wordLength).describe('What the condition is about.'),
  status: z.enum(['True', 'False', 'Unknown']).describe('Whether it is so. Unknown: there is no evidence either way.'),
  observedGeneration: serial.exactOptional().describe('The generation of the spec that the condition was judged by.'),
  lastTransitionTime: date.describe('When status last changed.'),
  reason: text(limits.wordLength)
    .regex(/^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$/)
    .describe('Why, as one stable CamelCase word; docs/reference/reasons.md lists them.'),
  message: sentence.describe('Why, as a sentence that says what to do. May be empty.'),
});

/** One condition of an object, as Kubernetes' API conventions have it. */
export type Condition = z.output<typeof condition>;

/** The conditions of an object, one of each type. */
export const conditions = list(condition, ['type'], { max: limits.conditions });

/** What every status begins with. `about` tells which conditions the kind has and what they mean. */
export const statusFields = (about: string) => ({
  observedGeneration: serial.exactOptional().describe('The generation of the spec that this status is about.'),
  conditions: conditions.exactOptional().describe(about),
});
