import { type LabelPart, type Labels, labelText } from './text.js';

/** One series, without labels of its own. */
export const justOne: readonly LabelPart[] = [''];

/** Written once, for all services. */
export const zeroLabels = (labels: readonly Labels[]): readonly LabelPart[] =>
  labels.map((its) => labelText(its));

/** A series for each value of a label that says whether the server has weight 0. */
export const eitherDraining: readonly LabelPart[] = zeroLabels([
  { draining: 'false' },
  { draining: 'true' },
]);

export const noZeros: readonly LabelPart[] = [];
