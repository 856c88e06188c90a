import { suites } from '../../conformance/index.js';
import { IpvscopeError } from '../../error.js';
import { scenarios as named } from '../../scenario/index.js';
import type { Scenario } from '../../scenario/scenario.js';

/** All that `reproduce` can play, in the order in which `--list` prints it. */
export const scenarios: readonly Scenario[] = [...named, ...suites];

const NAME_WIDTH = 20;

/** Each scenario with its phases. */
export const scenarioList = (): string =>
  scenarios
    .flatMap(({ name, summary, report, description }) => [
      `${name.padEnd(NAME_WIDTH)} ${summary}${report === undefined ? '' : ` (${report})`}`,
      ...description.map((line) => `${' '.repeat(NAME_WIDTH + 3)}${line}`),
    ])
    .map((line) => `${line}\n`)
    .join('');

/** @throws IpvscopeError `ERR_SCENARIO_UNKNOWN` for a name or a case that no scenario has. */
export function chooseScenarios(
  names: readonly string[],
  cases: readonly string[],
): readonly Scenario[] {
  const chosen = (names.length === 0 ? [undefined] : names).map(scenarioNamed);
  const known = chosen.flatMap(({ cases: its = [] }) => its);
  const unknown = cases.find((name) => !known.includes(name));
  if (unknown === undefined) return chosen;
  throw new IpvscopeError('ERR_SCENARIO_UNKNOWN', `unknown case '${unknown}'`, {
    hint: known.length === 0 ? 'the scenario field has cases' : `choose from ${known.join(', ')}`,
  });
}

function scenarioNamed(name: string | undefined): Scenario {
  const scenario = scenarios.find((known) => known.name === name);
  if (scenario !== undefined) return scenario;
  throw new IpvscopeError(
    'ERR_SCENARIO_UNKNOWN',
    name === undefined ? 'no scenario named' : `unknown scenario '${name}'`,
    { hint: 'ipvscope reproduce --list prints them' },
  );
}
