/** How events are printed. */
export const outputFormats = ['columns', 'json'] as const;
export type OutputFormat = (typeof outputFormats)[number];
