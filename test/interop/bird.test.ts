import { bird } from '../support/routers/bird.ts';
import { describeRouter } from './matrix.ts';

describeRouter(bird);
