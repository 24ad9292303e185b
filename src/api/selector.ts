import { z } from 'zod';
import { limits } from './limits.ts';
import { list, text, withRules } from './schema.ts';

const labelValue = z.string().max(limits.labelValueLength);

const requirement = withRules(
  z.object({
    key: text(limits.labelKeyLength).describe('Key of the label.'),
    operator: z
      .enum(['In', 'NotIn', 'Exists', 'DoesNotExist'])
      .describe('How the label is compared. NotIn and DoesNotExist match where the label is absent.'),
    values: list(labelValue, 'atomic', { max: limits.selectorTerms })
      .exactOptional()
      .describe('What In and NotIn compare with; empty for Exists and DoesNotExist.'),
  }),
  [
    {
      cel: "(self.operator in ['In', 'NotIn']) == (has(self.values) && self.values.size() > 0)",
      message: 'In and NotIn need values, Exists and DoesNotExist take none: add values or remove them',
      holds: ({ operator, values = [] }) => (operator === 'In' || operator === 'NotIn') === values.length > 0,
    },
  ],
);

/** A Kubernetes label selector. Absent and empty select everything. */
export const labelSelector = z
  .object({
    matchLabels: z
      .record(z.string(), labelValue)
      .meta({ maxProperties: limits.selectorTerms })
      .exactOptional()
      .describe('Labels that the object must have with exactly these values.'),
    matchExpressions: list(requirement, 'atomic', { max: limits.selectorTerms })
      .exactOptional()
      .describe('Further requirements; all must hold.'),
  })
  .meta({ 'x-kubernetes-map-type': 'atomic' });

export type LabelSelector = z.output<typeof labelSelector>;

/** An optional selector: says what it selects, and that its absence selects everything. */
export const selecting = (which: string) => labelSelector.exactOptional().describe(`${which}, by label. Default: all.`);
