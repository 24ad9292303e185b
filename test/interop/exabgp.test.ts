import { exabgp } from '../support/routers/exabgp.ts';
import { describeRouter } from './matrix.ts';

describeRouter(exabgp);
