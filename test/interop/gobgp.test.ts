import { gobgp } from '../support/routers/gobgp.ts';
import { describeRouter } from './matrix.ts';

describeRouter(gobgp);
