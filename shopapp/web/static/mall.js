// One item of the points mall: how many.
import { $, wireStepper } from './kit.js';

const step = $('[data-step]');
if (step) wireStepper(step, () => {});
