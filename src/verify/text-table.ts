const NUMBER = /^(?:-|\d+(?:\.\d+)?)$/;

/** Formats columns as wide as their widest text; a column of numbers is aligned right. */
export function textTable(
  heads: readonly string[],
  rows: readonly (readonly string[])[],
): string[] {
  const columns = heads.map((head, index) => {
    const cells = rows.map((row) => row[index] ?? '');
    return {
      width: Math.max(head.length, ...cells.map((cell) => cell.length)),
      right: cells.length > 0 && cells.every((cell) => NUMBER.test(cell)),
    };
  });
  return [heads, ...rows].map((row) =>
    columns
      .map(({ width, right }, index) => {
        const cell = row[index] ?? '';
        return right ? cell.padStart(width) : cell.padEnd(width);
      })
      .join('  ')
      .trimEnd(),
  );
}
