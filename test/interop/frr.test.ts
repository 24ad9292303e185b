import { frr } from '../support/routers/frr.ts';
import { describeRouter } from './matrix.ts';

describeRouter(frr);
