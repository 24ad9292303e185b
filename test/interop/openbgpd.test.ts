import { openbgpd } from '../support/routers/openbgpd.ts';
import { describeRouter } from './matrix.ts';

describeRouter(openbgpd);
