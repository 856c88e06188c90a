/** Throws a SyntaxError unless the line is an object that has each name with a whole number. */
export function parseNumbers<Name extends string>(
  line: string,
  names: readonly Name[],
): Record<Name, number> {
  const value: unknown = JSON.parse(line);
  const numbers = names.map((name): [Name, number] => {
    const number: unknown = Object(value)[name];
    if (!Number.isSafeInteger(number)) throw new SyntaxError(`no number '${name}' in: ${line}`);
    return [name, number as number];
  });
  return Object.fromEntries(numbers) as Record<Name, number>;
}
