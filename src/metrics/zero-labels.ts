/** Values of a label that says yes or no. */
export const booleans = ['false', 'true'] as const;
